package simulator

import (
	"math"
	"reflect"
	"time"
)

// fingerprint tells whether a property has another value than it had: the values themselves are live
// objects that change in place, and copies of 40,000 VMs would be far larger.
type fingerprint uint64

const (
	fnvOffset fingerprint = 14695981039346656037
	fnvPrime  fingerprint = 1099511628211
)

func fingerprintOf(value interface{}) fingerprint {
	h := fnvOffset
	h.value(reflect.ValueOf(value))
	return h
}

func (h *fingerprint) word(w uint64) {
	for i := 0; i < 8; i++ {
		*h = (*h ^ fingerprint(w&0xff)) * fnvPrime
		w >>= 8
	}
}

func (h *fingerprint) text(s string) {
	h.word(uint64(len(s)))
	for i := 0; i < len(s); i++ {
		*h = (*h ^ fingerprint(s[i])) * fnvPrime
	}
}

func (h *fingerprint) value(v reflect.Value) {
	switch v.Kind() {
	case reflect.Invalid:
		h.word(0)
	case reflect.Interface:
		if v.IsNil() {
			h.word(0)
			return
		}
		h.text(v.Elem().Type().String())
		h.value(v.Elem())
	case reflect.Ptr:
		if v.IsNil() {
			h.word(0)
			return
		}
		h.word(1)
		h.value(v.Elem())
	case reflect.Struct:
		if moment, ok := v.Interface().(time.Time); ok {
			h.word(uint64(moment.UnixNano()))
			return
		}
		for i := 0; i < v.NumField(); i++ {
			h.value(v.Field(i))
		}
	case reflect.Slice, reflect.Array:
		h.word(uint64(v.Len()))
		for i := 0; i < v.Len(); i++ {
			h.value(v.Index(i))
		}
	case reflect.String:
		h.text(v.String())
	case reflect.Bool:
		if v.Bool() {
			h.word(2)
		} else {
			h.word(1)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		h.word(uint64(v.Int()))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		h.word(v.Uint())
	case reflect.Float32, reflect.Float64:
		h.word(math.Float64bits(v.Float()))
	}
}
