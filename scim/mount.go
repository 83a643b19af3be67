package scim

import (
	"net/http"
	"slices"
)

// Mount serves what is at base and below it by h, and all else by rest. Unlike an
// [http.ServeMux] it leaves paths as they come: base URLs are typed in by people, with a slash at
// their end or a query behind them, and a mux answers what clients make of these, as
// "/scim/v2//Users", with a redirect to a page that few clients follow. It goes in front of the mux:
//
//	srv.Handler = scim.Mount("/scim/v2", h, mux)
//
// base is a path such as Options.BasePath. What is below another version of it, "/scim/v1/Users",
// is the rest's.
func Mount(base string, h, rest http.Handler) http.Handler {
	below, _, ok := segments(base, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var room [mostSegments]string
		parts, _, few := segments(r.URL.Path, room[:0])
		if ok && few && len(parts) >= len(below) && slices.Equal(parts[:len(below)], below) {
			h.ServeHTTP(w, r)
			return
		}
		rest.ServeHTTP(w, r)
	})
}
