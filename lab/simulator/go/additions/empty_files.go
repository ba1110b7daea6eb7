package simulator

import (
	"time"

	"github.com/vmware/govmomi/vim25/types"
)

// Files of no bytes, of which govmomi's own types leave out the size as if it were unknown: the
// encoder goes by the name of a type, so these stand for vim25's of the same names.

type FileInfo struct {
	Path         string     `xml:"path"`
	FileSize     int64      `xml:"fileSize"`
	Modification *time.Time `xml:"modification"`
}

func (f *FileInfo) GetFileInfo() *types.FileInfo {
	return &types.FileInfo{Path: f.Path, Modification: f.Modification}
}

type VmDiskFileInfo struct{ FileInfo }

type IsoImageFileInfo struct{ FileInfo }

// sized is the file with a size even if that is zero.
func sized(file types.BaseFileInfo) types.BaseFileInfo {
	info := file.GetFileInfo()
	if info.FileSize != 0 {
		return file
	}
	empty := FileInfo{Path: info.Path, Modification: info.Modification}
	switch file.(type) {
	case *types.VmDiskFileInfo:
		return &VmDiskFileInfo{empty}
	case *types.IsoImageFileInfo:
		return &IsoImageFileInfo{empty}
	case *types.FileInfo:
		return &empty
	}
	return file
}
