package scim

import (
	"slices"
	"sort"
)

// An idSet is a set of ids in order, in pieces: to add one costs about the same in a set of
// ten and in one of a hundred thousand.
type idSet struct {
	pieces [][]string // none is empty
	n      int
}

const mostInPiece = 512

// piece finds the one where id is, or would be.
func (s *idSet) piece(id string) int {
	i := sort.Search(len(s.pieces), func(i int) bool { return s.pieces[i][0] > id })
	return max(0, i-1)
}

func (s *idSet) has(id string) bool {
	if s == nil || s.n == 0 {
		return false
	}
	_, found := slices.BinarySearch(s.pieces[s.piece(id)], id)
	return found
}

// add reports whether id was not there.
func (s *idSet) add(id string) bool {
	if s.n == 0 {
		s.pieces, s.n = [][]string{{id}}, 1
		return true
	}
	p := s.piece(id)
	i, found := slices.BinarySearch(s.pieces[p], id)
	if found {
		return false
	}
	s.n++
	grown := slices.Insert(s.pieces[p], i, id)
	s.pieces[p] = grown
	if half := len(grown) / 2; len(grown) > mostInPiece {
		s.pieces = slices.Insert(s.pieces, p+1, slices.Clone(grown[half:]))
		clear(grown[half:])
		s.pieces[p] = grown[:half]
	}
	return true
}

// remove reports whether id was there.
func (s *idSet) remove(id string) bool {
	if !s.has(id) {
		return false
	}
	s.n--
	p := s.piece(id)
	i, _ := slices.BinarySearch(s.pieces[p], id)
	if s.pieces[p] = slices.Delete(s.pieces[p], i, i+1); len(s.pieces[p]) == 0 {
		s.pieces = slices.Delete(s.pieces, p, p+1)
	}
	return true
}

func (s *idSet) len() int {
	if s == nil {
		return 0
	}
	return s.n
}

// after lists at most limit ids that come behind id, and says whether there are more.
func (s *idSet) after(id string, limit int) (ids []string, more bool) {
	if s.len() == 0 || limit <= 0 {
		return nil, false
	}
	p := s.piece(id)
	i, found := slices.BinarySearch(s.pieces[p], id)
	if found {
		i++
	}
	for ; p < len(s.pieces); p, i = p+1, 0 {
		for _, one := range s.pieces[p][i:] {
			if len(ids) == limit {
				return ids, true
			}
			ids = append(ids, one)
		}
	}
	return ids, false
}

func (s *idSet) all() []string {
	ids, _ := s.after("", s.len())
	return ids
}
