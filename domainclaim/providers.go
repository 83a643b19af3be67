package domainclaim

import (
	_ "embed"
	"strings"
)

// freeMail lists providers at which anybody can get an address, for good or for ten
// minutes, one name a line between line feeds. It is short on purpose: a host that
// wants a long list brings its own by NameOptions.Refuse.
//
//go:embed freemail.txt
var freeMail string

// tenants lists domains under which providers lend names to their customers.
//
//go:embed tenants.txt
var tenants string

// listed reports whether name or a parent of it stands in list.
func listed(list, name string) bool {
	for {
		if strings.Contains(list, "\n"+name+"\n") {
			return true
		}
		_, parent, ok := strings.Cut(name, ".")
		if !ok {
			return false
		}
		name = parent
	}
}
