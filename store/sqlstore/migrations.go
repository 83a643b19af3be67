package sqlstore

import (
	"bytes"
	"io"
	"io/fs"
)

// migrations are the embedded files with names written in. There are no directories
// but the one they are in.
type migrations struct {
	files fs.FS
	names names
}

// Open implements [fs.FS].
func (m migrations) Open(name string) (fs.File, error) {
	if m.names.people != nil && ofPeople(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	f, err := m.files.Open(name)
	if err != nil {
		return nil, err
	}
	if name == "." {
		return &directory{File: f, m: m}, nil
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(f)
	if err != nil {
		return nil, err
	}
	b = []byte(m.names.tables(string(b)))
	return &migration{bytes.NewReader(b), rendered{info, int64(len(b))}}, nil
}

// migration is one file, with names in it.
type migration struct {
	*bytes.Reader
	info rendered
}

func (m *migration) Stat() (fs.FileInfo, error) { return m.info, nil }
func (m *migration) Close() error               { return nil }

// rendered is a file's info, with the size it has with names in it.
type rendered struct {
	fs.FileInfo
	size int64
}

func (r rendered) Size() int64 { return r.size }

// directory lists the files that there are.
type directory struct {
	fs.File
	m    migrations
	left []fs.DirEntry
	read bool
}

// ReadDir implements [fs.ReadDirFile].
func (d *directory) ReadDir(n int) ([]fs.DirEntry, error) {
	if !d.read {
		list, err := fs.ReadDir(d.m.files, ".")
		if err != nil {
			return nil, err
		}
		for _, e := range list {
			if d.m.names.people == nil || !ofPeople(e.Name()) {
				d.left = append(d.left, listed{e, d.m})
			}
		}
		d.read = true
	}
	if n > 0 && len(d.left) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.left) {
		n = len(d.left)
	}
	out := d.left[:n:n]
	d.left = d.left[n:]
	return out, nil
}

// listed is a file as its directory lists it.
type listed struct {
	fs.DirEntry
	m migrations
}

func (l listed) Info() (fs.FileInfo, error) { return fs.Stat(l.m, l.Name()) }
