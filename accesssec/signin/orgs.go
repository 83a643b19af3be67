package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
)

// chooseOrg asks somebody whom single sign-on has vouched for, and who could go to several
// organizations, where they want to go. Each choice is a sign-in of its own: nothing is kept
// of the one before, and nobody is signed in.
func (h *handler) chooseOrg(w http.ResponseWriter, r *http.Request, step accesssec.Step) {
	data := h.view(form{next: accesssec.SafePath(step.After)})
	data.Orgs, data.Connection = step.Orgs, step.Connection
	h.page(w, r, http.StatusOK, "orgs", "Choose an organization", "", data)
}
