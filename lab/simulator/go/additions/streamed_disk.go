package simulator

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// A streamOptimized VMDK, as "Virtual Disk Format 5.0" (VMware) describes it: a header with the embedded
// descriptor, then grains, each behind its marker and deflated, then tables, a footer and the end-of-stream
// marker. qemu-img writes the directory and its tables in front, and neither footer nor end.
const (
	sectorBytes      = 512
	streamFlags      = 0x30000 // compressed grains | markers
	directoryAtEnd   = math.MaxUint64
	mostOverhead     = 64 << 20
	mostGrainSectors = 2048
)

const (
	markerEnd = iota
	markerTable
	markerDirectory
	markerFooter
)

var errNotStreamed = errors.New("the disk is not a streamOptimized VMDK")

type streamHeader struct {
	capacity, grain, directory, overhead uint64 // in sectors
	tableEntries                         uint32
}

func readStreamHeader(from io.Reader) (*streamHeader, error) {
	raw := make([]byte, sectorBytes)
	if _, err := io.ReadFull(from, raw); err != nil {
		return nil, cutShort(err)
	}
	le := binary.LittleEndian
	h := &streamHeader{
		capacity: le.Uint64(raw[12:]), grain: le.Uint64(raw[20:]), tableEntries: le.Uint32(raw[44:]),
		directory: le.Uint64(raw[56:]), overhead: le.Uint64(raw[64:]),
	}
	plain := string(raw[:4]) == "KDMV" && le.Uint32(raw[8:])&streamFlags == streamFlags && le.Uint16(raw[77:]) == 1
	if !plain || h.capacity == 0 || h.grain == 0 || h.grain > mostGrainSectors || h.tableEntries == 0 ||
		h.overhead == 0 || h.overhead > mostOverhead/sectorBytes {
		return nil, errNotStreamed
	}
	return h, nil
}

// unpackStream writes the disk's grains where they belong; open is asked for the file once the capacity in
// bytes is known. What is cut short, or is no such disk, is an error.
func unpackStream(from io.Reader, open func(capacity int64) (io.WriterAt, error)) error {
	h, err := readStreamHeader(from)
	if err != nil {
		return err
	}
	overhead := make([]byte, h.overhead*sectorBytes)
	if _, err := io.ReadFull(from, overhead[sectorBytes:]); err != nil {
		return cutShort(err)
	}
	to, err := open(int64(h.capacity) * sectorBytes)
	if err != nil {
		return err
	}
	for grains := 0; ; {
		marker := make([]byte, sectorBytes)
		if _, err := io.ReadFull(from, marker); err == io.EOF && h.directory != directoryAtEnd {
			return h.complete(overhead, grains)
		} else if err != nil {
			return cutShort(err)
		}
		value, size := binary.LittleEndian.Uint64(marker), binary.LittleEndian.Uint32(marker[8:])
		if size > 0 {
			if err := h.unpackGrain(from, to, marker, value, size); err != nil {
				return err
			}
			grains++
			continue
		}
		switch kind := binary.LittleEndian.Uint32(marker[12:]); {
		case kind == markerEnd:
			return nil
		case kind > markerFooter || value > mostOverhead/sectorBytes:
			return fmt.Errorf("%w: marker %d", errNotStreamed, kind)
		default:
			if _, err := io.CopyN(io.Discard, from, int64(value)*sectorBytes); err != nil {
				return cutShort(err)
			}
		}
	}
}

func (h *streamHeader) unpackGrain(from io.Reader, to io.WriterAt, marker []byte, at uint64, size uint32) error {
	const ahead = 12 // of the marker, before the grain's first byte
	whole := (int64(size) + ahead + sectorBytes - 1) / sectorBytes * sectorBytes
	if at >= h.capacity || whole > 2*int64(h.grain+1)*sectorBytes {
		return fmt.Errorf("%w: a grain at %d", errNotStreamed, at)
	}
	packed := make([]byte, whole)
	copy(packed, marker)
	if _, err := io.ReadFull(from, packed[sectorBytes:]); err != nil {
		return cutShort(err)
	}
	inflater, err := zlib.NewReader(bytes.NewReader(packed[ahead : ahead+int64(size)]))
	if err != nil {
		return fmt.Errorf("a grain cannot be inflated: %v", err)
	}
	grain, err := io.ReadAll(io.LimitReader(inflater, int64(h.grain)*sectorBytes+1))
	if err != nil || len(grain) != int(h.grain)*sectorBytes {
		return fmt.Errorf("a grain of %d bytes: %v", len(grain), err)
	}
	if left := int64(h.capacity-at) * sectorBytes; int64(len(grain)) > left {
		grain = grain[:left]
	}
	_, err = to.WriteAt(grain, int64(at)*sectorBytes)
	return err
}

// complete says whether all grains came that the tables in front name.
func (h *streamHeader) complete(overhead []byte, grains int) error {
	at := func(sector, entry uint64) uint64 {
		if from := sector*sectorBytes + 4*entry; from+4 <= uint64(len(overhead)) {
			return uint64(binary.LittleEndian.Uint32(overhead[from:]))
		}
		return 0
	}
	perTable := h.grain * uint64(h.tableEntries)
	for table := uint64(0); table < (h.capacity+perTable-1)/perTable; table++ {
		for entry := uint64(0); entry < uint64(h.tableEntries); entry++ {
			if at(at(h.directory, table), entry) > 1 {
				grains--
			}
		}
	}
	if grains < 0 {
		return cutShort(io.EOF)
	}
	return nil
}

func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the disk is cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}
