package sqltest

import (
	"net/http"
	"testing"

	"github.com/accesssec/accesssec-go/accesssec/accesssectest"
)

// Harness is what a host's own tests do, on the host's database.
func Harness(t *testing.T, d Database) {
	w := accesssectest.New(t, &accesssectest.Options{Store: d.Store(t)})
	browser, err := w.SignIn(ann)
	must(t, err)
	res, err := browser.Get(w.URL + "/")
	must(t, err)
	res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Errorf("Ann's page is answered by %d", res.StatusCode)
	}
	must(t, w.Tick())
}
