package accesssectest

import (
	"fmt"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/accesssec/signin"
)

// defaultHost is the least there is: the sign-in pages, and one that is protected.
func defaultHost(svc *accesssec.Service) http.Handler {
	mux := http.NewServeMux()
	mux.Handle(svc.Path(), signin.New(svc, nil))
	mux.Handle("/", svc.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := accesssec.FromContext(r.Context())
		who, err := svc.Me(p).Profile(r.Context())
		if err != nil {
			http.Error(w, "The page can't be shown.", http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if p.OrgID == "" {
			fmt.Fprintf(w, "%s is in no org\n", who.Address)
			return
		}
		fmt.Fprintf(w, "%s is %s of %s\n", who.Address, p.Role, who.OrgName)
	})))
	return mux
}
