package signin

import (
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec/policy"
	"github.com/accesssec/accesssec-go/saml"
)

func (h *handler) startSSO(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, f)
	step, err := h.svc.SignIn().StartSSO(r.Context(), v, f.connection, nil)
	switch no := refusal(err); {
	case err == nil:
		step.Bounce.ServeHTTP(w, r)
	case no == nil:
		h.fault(w, r, v, err)
	default:
		h.refused(w, r, v, no, "")
	}
}

// proveSSO has the identity provider ask somebody again who is signed in here.
func (h *handler) proveSSO(w http.ResponseWriter, r *http.Request) {
	f, me, ok := h.own(w, r, "prove")
	if !ok {
		return
	}
	v := h.visit(w, r, form{next: f.next})
	step, err := me.ProveSSO(r.Context(), v, f.connection)
	if err != nil {
		h.noOwnPage(w, r, f, err)
		return
	}
	step.Bounce.ServeHTTP(w, r)
}

// again is where [accesssec.Service.Protect] sends people whose identity provider has set an end
// to their session: straight back to it. It begins a sign-in in this browser and does nothing
// else, so it may be reached by a link.
func (h *handler) again(w http.ResponseWriter, r *http.Request) {
	f, ok := h.read(w, r)
	if !ok {
		return
	}
	v := h.visit(w, r, form{next: f.next})
	step, err := h.svc.SignIn().Again(r.Context(), v, r)
	switch no := refusal(err); {
	case err == nil && step.Bounce != nil:
		step.Bounce.ServeHTTP(w, r)
	case err != nil && no == nil:
		h.fault(w, r, v, err)
	default:
		h.redirect(w, r, h.start(form{next: f.next}))
	}
}

// finishSSO is the assertion consumer service. The form comes from another site;
// what makes it believable is its signature, the request it answers, and the browser
// that carries it.
func (h *handler) finishSSO(w http.ResponseWriter, r *http.Request, connection string) {
	v := h.svc.SignIn().Visit(w, r)
	// What can't be read is refused by FinishSSO for the same reason, and there the
	// refusal has a place in the log of the org, under the code that the person sees.
	m, _ := saml.ReadMessage(w, r) // a message that says why it can't be read
	step, err := h.svc.SignIn().FinishSSO(r.Context(), v, connection, m)
	switch no := refusal(err); {
	case err == nil:
		h.enter(w, r, v, step)
	case no == nil:
		h.fault(w, r, v, err)
	case no.Bounce != nil:
		no.Bounce.ServeHTTP(w, r)
	case no.Next == policy.NextSSO:
		h.refused(w, r, v, no, connection)
	default:
		h.refused(w, r, v, no, "")
	}
}

// explainACS is for people who open the postback URL, which they find in the settings
// of their identity provider.
func (h *handler) explainACS(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", http.MethodPost)
	h.message(w, r, http.StatusMethodNotAllowed, "This is not a page",
		"Your identity provider sends people's sign-ins here. To sign in, start at the sign-in page.")
}

// metadata is our side of a connection (SAML 2.0 metadata, appendix A).
func (h *handler) metadata(w http.ResponseWriter, r *http.Request, connection string) {
	xml, err := h.svc.SignIn().Metadata(r.Context(), connection)
	switch no := refusal(err); {
	case err == nil:
		head := w.Header()
		head.Set("Content-Type", "application/samlmetadata+xml")
		head.Set("Content-Disposition", `attachment; filename="sp-metadata.xml"`)
		head.Set("X-Content-Type-Options", "nosniff")
		head.Set("Cache-Control", "no-store")
		w.Write(xml)
	case no == nil:
		h.fault(w, r, h.visit(w, r, form{}), err)
	default:
		h.message(w, r, statusOf(no), "Page not found", no.Say)
	}
}
