package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/saml"
	"github.com/accesssec/accesssec-go/saml/samltest"
)

// step is one thing that has to work; done hears of it.
type step func(ctx context.Context, s *service, done func(format string, args ...any)) error

// part is a walk through one way to be set up.
type part struct {
	flags []string
	how   samltest.Options
	steps []step
}

func parts() []part {
	all := []part{
		{flags: []string{"-domains", "example.com"}, steps: []step{
			checkSignIn, checkBinding, checkAttacks, checkPortal, checkLogout, checkToldLogout,
		}},
		{flags: []string{"-require-encrypted"}, steps: []step{checkEncrypted}},
		{flags: []string{"-idp-initiated"}, steps: []step{checkUnsolicited}},
	}
	for _, flavor := range samltest.Flavors() {
		all = append(all, part{how: samltest.Options{Flavor: flavor}, steps: []step{
			func(ctx context.Context, s *service, done func(string, ...any)) error {
				return checkFlavor(ctx, s, flavor, done)
			},
		}})
	}
	return all
}

// walk goes through all of it by HTTP, against simulated providers on free ports, and
// prints a line for each step. It ends at the first that fails.
func walk(ctx context.Context, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	count := 0
	done := func(format string, args ...any) {
		count++
		fmt.Fprintf(out, "ok   "+format+"\n", args...)
	}
	for _, p := range parts() {
		if err := p.walk(ctx, done); err != nil {
			fmt.Fprintln(out, "FAIL", err)
			return err
		}
	}
	fmt.Fprintf(out, "samlonly: all %d steps passed\n", count)
	return nil
}

func (p part) walk(ctx context.Context, done func(string, ...any)) (err error) {
	o, err := parse(append(p.flags, "-listen", "localhost:0"), io.Discard)
	if err != nil {
		return err
	}
	s, err := start(ctx, o, &p.how, io.Discard)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, step := range p.steps {
		if err := step(ctx, s, done); err != nil {
			return err
		}
	}
	return nil
}

const (
	ann = "ann@example.com"
	bob = "bob@example.com"
)

// checkSignIn has Ann come in by either binding.
func checkSignIn(ctx context.Context, s *service, done func(string, ...any)) error {
	for _, binding := range []saml.Binding{saml.Redirect, saml.POST} {
		v, err := s.visitor()
		if err != nil {
			return err
		}
		page, err := v.signIn(ctx, "/login?binding="+string(binding), ann)
		if err != nil {
			return err
		}
		if err := page.says(http.StatusOK, "Signed in", "<dd>Ann</dd>", "engineering<br>", "by this browser", "valid", "<td>passed</td>", "&lt;saml"); err != nil {
			return fmt.Errorf("sign in by %s: %w", binding, err)
		}
		done("sign in, asked by %s: the page shows the person, the certificate and every check", binding)
	}
	return nil
}

// checkBinding posts one answer in three places. Only the first time in the right
// browser counts.
func checkBinding(ctx context.Context, s *service, done func(string, ...any)) error {
	hers, err := s.visitor()
	if err != nil {
		return err
	}
	other, err := s.visitor()
	if err != nil {
		return err
	}
	answer, err := hers.answered(ctx, ann)
	if err != nil {
		return err
	}
	page, err := other.post(ctx, answer.ACS, s.simulatedURL, url.Values{"SAMLResponse": {answer.SAMLResponse}})
	if err == nil {
		err = errors.Join(page.says(http.StatusForbidden, "Your browser brought no cookie", "request_unknown"), other.mustBeOut(ctx))
	}
	if err != nil {
		return fmt.Errorf("an answer in another browser: %w", err)
	}
	done("refuse an answer in another browser than the one that asked")
	page, err = hers.post(ctx, answer.ACS, s.simulatedURL, url.Values{"SAMLResponse": {answer.SAMLResponse}})
	if err == nil {
		err = page.says(http.StatusOK, "Signed in")
	}
	if err != nil {
		return fmt.Errorf("an answer in its browser: %w", err)
	}
	page, err = hers.post(ctx, answer.ACS, s.simulatedURL, url.Values{"SAMLResponse": {answer.SAMLResponse}})
	if err == nil {
		err = page.says(http.StatusForbidden, "This response is refused")
	}
	if err != nil {
		return fmt.Errorf("an answer for the second time: %w", err)
	}
	done("accept it in its own browser, and refuse it there the second time")
	return nil
}

// checkAttacks has the provider, or somebody in its place, forge its answers.
func checkAttacks(ctx context.Context, s *service, done func(string, ...any)) error {
	for _, attack := range samltest.Attacks() {
		v, err := s.visitor()
		if err != nil {
			return err
		}
		page, err := v.signIn(ctx, "/login", ann, attack)
		if err == nil && attack == samltest.NoInResponseTo {
			// Sent through a request of ours once; the second time it is refused.
			if !strings.HasPrefix(page.url, s.simulatedURL) {
				return fmt.Errorf("%s: not sent back to the provider", attack)
			}
			page, err = v.signIn(ctx, "/login", ann, attack)
		}
		if err == nil {
			err = errors.Join(page.says(http.StatusForbidden, "This response is refused", `<tr class="fail">`), v.mustBeOut(ctx))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", attack, err)
		}
		done("refuse with a diagnosis: %s", attack)
	}
	return nil
}

// checkPortal has Ann start at the provider, which is not allowed here.
func checkPortal(ctx context.Context, s *service, done func(string, ...any)) error {
	v, err := s.visitor()
	if err != nil {
		return err
	}
	unasked, err := s.simulated.Unsolicited(s.app.sp.EntityID, people()[0])
	if err != nil {
		return err
	}
	page, err := v.post(ctx, unasked.ACS, s.simulatedURL, url.Values{"SAMLResponse": {unasked.SAMLResponse}})
	if err != nil {
		return err
	}
	if !strings.HasPrefix(page.url, s.simulatedURL+"/sso?") {
		return fmt.Errorf("a response that nobody asked for: %w at %s", page.says(http.StatusSeeOther), page.url)
	}
	done("send one who comes from the provider's portal through a request of ours")
	return v.mustBeOut(ctx)
}

// checkLogout has Ann sign out here.
func checkLogout(ctx context.Context, s *service, done func(string, ...any)) error {
	v, err := s.visitor()
	if err != nil {
		return err
	}
	if _, err := v.signIn(ctx, "/login", ann); err != nil {
		return err
	}
	before := len(s.simulated.Sessions(s.app.sp.EntityID))
	page, err := v.post(ctx, s.app.origin+"/logout", s.app.origin, nil)
	if err == nil {
		err = errors.Join(page.says(http.StatusOK, "Signed out everywhere"), v.mustBeOut(ctx))
	}
	if err == nil && len(s.simulated.Sessions(s.app.sp.EntityID)) != before-1 {
		err = errors.New("the session at the provider goes on")
	}
	if err != nil {
		return fmt.Errorf("sign out here: %w", err)
	}
	done("sign out here: the session at the provider is over as well")
	return nil
}

// checkToldLogout has people sign out at the provider, which tells us without a cookie.
func checkToldLogout(ctx context.Context, s *service, done func(string, ...any)) error {
	for _, by := range []samltest.Binding{samltest.Redirect, samltest.POST} {
		hers, err := s.visitor()
		if err != nil {
			return err
		}
		his, err := s.visitor()
		if err != nil {
			return err
		}
		if _, err := his.signIn(ctx, "/login", bob); err != nil {
			return err
		}
		if _, err := hers.signIn(ctx, "/login", ann); err != nil {
			return err
		}
		there := s.simulated.Sessions(s.app.sp.EntityID)
		newest := there[len(there)-1]
		forged, err := s.told(ctx, newest, by, samltest.OtherKey)
		if err == nil {
			err = errors.Join(forged.says(http.StatusForbidden, "This logout message is refused"), hers.mustBeIn(ctx))
		}
		if err != nil {
			return fmt.Errorf("a forged logout by %s: %w", by, err)
		}
		page, err := s.told(ctx, newest, by)
		if err == nil {
			err = errors.Join(page.says(http.StatusOK), hers.mustBeOut(ctx), his.mustBeIn(ctx))
		}
		if err == nil && (!strings.HasPrefix(page.url, s.simulatedURL) || len(s.simulated.Sessions(s.app.sp.EntityID)) != len(there)-1) {
			err = fmt.Errorf("the provider heard no answer at %s", page.url)
		}
		if err != nil {
			return fmt.Errorf("sign out at the provider by %s: %w", by, err)
		}
		done("sign out at the provider, told by %s: that session here is over, the others go on; a forged message ends nothing", by)
	}
	return nil
}

func checkEncrypted(ctx context.Context, s *service, done func(string, ...any)) error {
	v, err := s.visitor()
	if err != nil {
		return err
	}
	page, err := v.signIn(ctx, "/login", ann)
	if err == nil {
		err = page.says(http.StatusOK, "Signed in", "<dd>Ann</dd>", "EncryptedAssertion")
	}
	if err != nil {
		return fmt.Errorf("an encrypted assertion: %w", err)
	}
	done("sign in by an encrypted assertion")
	if v, err = s.visitor(); err != nil {
		return err
	}
	page, err = v.signIn(ctx, "/login", ann, samltest.EncryptedTampered)
	if err == nil {
		err = errors.Join(page.says(http.StatusForbidden, `<tr class="fail"><td>encryption</td>`), v.mustBeOut(ctx))
	}
	if err != nil {
		return fmt.Errorf("a changed ciphertext: %w", err)
	}
	done("refuse one of which a bit was changed")
	return nil
}

// checkUnsolicited has Ann start at the provider, which is allowed here. No request is
// used up by it, so that the assertion is burned is all that holds off a replay.
func checkUnsolicited(ctx context.Context, s *service, done func(string, ...any)) error {
	unasked, err := s.simulated.Unsolicited(s.app.sp.EntityID, people()[0])
	if err != nil {
		return err
	}
	for _, want := range []struct {
		status int
		texts  []string
		does   string
	}{
		{http.StatusOK, []string{"Signed in", "no, it came from the provider's portal"}, "sign in from the provider's portal, with -idp-initiated"},
		{http.StatusForbidden, []string{"used already"}, "refuse the same response in another browser: its assertion is burned"},
	} {
		v, err := s.visitor()
		if err != nil {
			return err
		}
		page, err := v.post(ctx, unasked.ACS, s.simulatedURL, url.Values{"SAMLResponse": {unasked.SAMLResponse}})
		if err == nil {
			err = page.says(want.status, want.texts...)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", want.does, err)
		}
		done("%s", want.does)
	}
	return nil
}

// checkFlavor signs in and out with a provider that speaks like a product.
func checkFlavor(ctx context.Context, s *service, flavor samltest.Flavor, done func(string, ...any)) error {
	v, err := s.visitor()
	if err != nil {
		return err
	}
	page, err := v.signIn(ctx, "/login", ann)
	if err == nil {
		err = page.says(http.StatusOK, "Signed in", "<dd>"+ann+"</dd>")
	}
	var out answer
	if err == nil {
		out, err = v.post(ctx, s.app.origin+"/logout", s.app.origin, nil)
	}
	if err == nil {
		err = errors.Join(out.says(http.StatusOK, "Signed out"), v.mustBeOut(ctx))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flavor, err)
	}
	how := "everywhere"
	if !strings.Contains(out.text, "Signed out everywhere") {
		how = "here; it has no single logout"
	}
	done("sign in with a provider that speaks like %s, and sign out %s", flavor, how)
	return nil
}
