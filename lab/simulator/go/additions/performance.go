package simulator

import (
	"hash/fnv"
	"math"
	"net/http"
	"sort"
	"sync"
	"time"

	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// The last day of a host's or a cluster's CPU and memory, as a vCenter keeps it: a sample each five
// minutes, the oldest first. A host's curve goes around what it uses now, higher by day and lower by
// night, and is the same at each call while its VMs are; a cluster's is the sum of its hosts'. Where
// there is a gap, a vCenter says -1.
const sampleInterval = 300

var dayOfSamples = types.PerfInterval{
	Key: 1, SamplingPeriod: sampleInterval, Name: "Past day", Length: 86400, Level: 1, Enabled: true,
}

// gaps are times of which there is no sample, by host.
var gaps = struct {
	sync.Mutex
	by map[string][][2]time.Time
}{by: map[string][][2]time.Time{}}

// addGap: {"moref": "host-12", "from_s": 7200, "to_s": 3600}, in seconds ago.
func addGap(r *http.Request) (interface{}, error) {
	var wanted struct {
		Moref string `json:"moref"`
		Begin int    `json:"from_s"`
		End   int    `json:"to_s"`
	}
	if err := decode(r, &wanted); err != nil {
		return nil, err
	}
	now := time.Now()
	gaps.Lock()
	defer gaps.Unlock()
	gap := [2]time.Time{now.Add(-time.Duration(wanted.Begin) * time.Second), now.Add(-time.Duration(wanted.End) * time.Second)}
	gaps.by[wanted.Moref] = append(gaps.by[wanted.Moref], gap)
	return nil, nil
}

func inGap(host string, at time.Time) bool {
	gaps.Lock()
	defer gaps.Unlock()
	for _, gap := range gaps.by[host] {
		if !at.Before(gap[0]) && at.Before(gap[1]) {
			return true
		}
	}
	return false
}

// hostSample is what a host used at a time, and what it has.
type hostSample struct {
	usedMHz, totalMHz int64
	usedKB, totalKB   int64
}

func sampleOf(host *HostSystem, at time.Time) (hostSample, bool) {
	hw, quick := host.Summary.Hardware, host.Summary.QuickStats
	s := hostSample{totalMHz: int64(hw.CpuMhz) * int64(hw.NumCpuCores), totalKB: hw.MemorySize >> 10}
	if inGap(host.Self.Value, at) || (host.Runtime.BootTime != nil && at.Before(*host.Runtime.BootTime)) {
		return s, false
	}
	noise := noiseOf(host.Self.Value, at.Unix()/sampleInterval)
	day := math.Sin(2 * math.Pi * float64(at.Unix()%86400) / 86400)
	s.usedMHz = within(float64(quick.OverallCpuUsage)*(1+0.2*day+0.1*noise), s.totalMHz)
	s.usedKB = within(float64(quick.OverallMemoryUsage)*1024*(1+0.04*day+0.01*noise), s.totalKB)
	return s, true
}

// noiseOf is between -1 and 1, and always the same.
func noiseOf(name string, tick int64) float64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	for i := 0; i < 8; i++ {
		_, _ = h.Write([]byte{byte(tick >> (8 * i))})
	}
	return float64(h.Sum32()%2001)/1000 - 1
}

func within(value float64, most int64) int64 {
	return int64(math.Max(0, math.Min(value, float64(most))))
}

// samplesOf adds up the hosts at a time; false when one of them has no sample.
func samplesOf(hosts []*HostSystem, at time.Time) (hostSample, bool) {
	var sum hostSample
	for _, host := range hosts {
		s, ok := sampleOf(host, at)
		if !ok {
			return sum, false
		}
		sum.usedMHz += s.usedMHz
		sum.totalMHz += s.totalMHz
		sum.usedKB += s.usedKB
		sum.totalKB += s.totalKB
	}
	return sum, len(hosts) > 0
}

// Percentages are in hundredths, as a vCenter gives them.
var sampledCounters = map[string]func(hostSample) int64{
	"cpu.usage.average":    func(s hostSample) int64 { return s.usedMHz * 10000 / s.totalMHz },
	"cpu.usagemhz.average": func(s hostSample) int64 { return s.usedMHz },
	"mem.usage.average":    func(s hostSample) int64 { return s.usedKB * 10000 / s.totalKB },
	"mem.consumed.average": func(s hostSample) int64 { return s.usedKB },
}

func (p *PerformanceManager) counterName(id int32) string {
	info, ok := p.perfCounterIndex[id]
	if !ok {
		return ""
	}
	return info.GroupInfo.GetElementDescription().Key + "." + info.NameInfo.GetElementDescription().Key + "." + string(info.RollupType)
}

func sampledHosts(entity types.ManagedObjectReference) []*HostSystem {
	switch e := Map.Get(entity).(type) {
	case *HostSystem:
		return []*HostSystem{e}
	case *ClusterComputeResource:
		var hosts []*HostSystem
		for _, ref := range e.Host {
			if host, ok := Map.Get(ref).(*HostSystem); ok && host.Runtime.ConnectionState == types.HostSystemConnectionStateConnected {
				hosts = append(hosts, host)
			}
		}
		return hosts
	}
	return nil
}

// QueryPerf answers for hosts and clusters by what is above, and for the rest as before.
func (p *PerformanceManager) QueryPerf(ctx *Context, req *types.QueryPerf) soap.HasFault {
	body := &methods.QueryPerfBody{Res: new(types.QueryPerfResponse)}
	for _, spec := range req.QuerySpec {
		if (spec.Entity.Type != "HostSystem" && spec.Entity.Type != "ClusterComputeResource") || spec.IntervalId != sampleInterval {
			return p.queryPerf(ctx, req)
		}
		if Map.Get(spec.Entity) == nil {
			return &serverFaultBody{Reason: Fault("", &types.ManagedObjectNotFound{Obj: spec.Entity})}
		}
		if metric := p.sampled(spec); metric != nil {
			body.Res.Returnval = append(body.Res.Returnval, metric)
		}
	}
	return body
}

// sampled gives nil where nothing was ever sampled: then a vCenter leaves the entity out.
func (p *PerformanceManager) sampled(spec types.PerfQuerySpec) *types.PerfEntityMetric {
	end, start := time.Now(), time.Now().Add(-24*time.Hour)
	if spec.EndTime != nil && spec.EndTime.Before(end) {
		end = *spec.EndTime
	}
	if spec.StartTime != nil && spec.StartTime.After(start) {
		start = *spec.StartTime
	}
	hosts := sampledHosts(spec.Entity)
	sort.Slice(hosts, func(i, j int) bool { return hosts[i].Self.Value < hosts[j].Self.Value })
	metric := &types.PerfEntityMetric{PerfEntityMetricBase: types.PerfEntityMetricBase{Entity: spec.Entity}}
	var series []*types.PerfMetricIntSeries
	for _, id := range spec.MetricId {
		if sampledCounters[p.counterName(id.CounterId)] != nil && id.Instance == "" {
			one := new(types.PerfMetricIntSeries)
			one.Id = id
			series = append(series, one)
		}
	}
	any := false
	for at := start.Truncate(sampleInterval * time.Second).Add(sampleInterval * time.Second); !at.After(end); at = at.Add(sampleInterval * time.Second) {
		metric.SampleInfo = append(metric.SampleInfo, types.PerfSampleInfo{Timestamp: at.UTC(), Interval: sampleInterval})
		sum, ok := samplesOf(hosts, at)
		any = any || ok
		for _, one := range series {
			value := int64(-1)
			if ok {
				value = sampledCounters[p.counterName(one.Id.CounterId)](sum)
			}
			one.Value = append(one.Value, value)
		}
	}
	for _, one := range series {
		metric.Value = append(metric.Value, one)
	}
	if !any || len(series) == 0 {
		return nil
	}
	return metric
}
