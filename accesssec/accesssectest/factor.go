package accesssectest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

// Factor is what a person has besides their password.
type Factor struct {
	// App shows the codes: App.Code(w.Now()). Each is good once, so that between two uses
	// the clock has to be moved by 30 seconds (World.Advance).
	App           *totptest.App
	RecoveryCodes []string // ten, each good once
}

// oneCode is how long the app shows a code.
const oneCode = 30 * time.Second

// SetUpFactor gives somebody who signs in by a password a second factor, on the host's
// pages and in a browser of its own: it signs in, types the password again where that is
// asked, reads the link on the page with the QR code, types the first code and says that
// the recovery codes are saved. Where a new factor is due before anything else (after
// accesssec.Admin.ResetFactors) it is that set-up. Other sessions of the person end. The
// code is that of half a minute ago, so that the one of now is not used up.
//
// Its errors are those of SignIn. It knows the pages of package signin below Service.Path
// alone.
func (w *World) SetUpFactor(address, password string) (*Factor, error) {
	v := visit{w, w.Client(), address}
	p, err := v.typePassword(password)
	if err != nil {
		return nil, err
	}
	if _, due := p.posts("factor/begin"); !due {
		if _, err := v.behind(p, nil); err != nil {
			return nil, err
		}
		if p, err = v.get(w.URL + w.Service.Path() + "factor"); err != nil {
			return nil, err
		}
	}
	if p, err = v.beginFactor(p, password); err != nil {
		return nil, err
	}
	link, ok := p.link(func(u *url.URL) bool { return u.Scheme == "otpauth" })
	confirm, asks := p.posts("factor/confirm")
	if !ok || !asks {
		return nil, v.refused(p, "no second factor is shown")
	}
	out := new(Factor)
	if out.App, err = totptest.NewApp(link.String()); err != nil {
		return nil, fmt.Errorf("accesssectest: set up a second factor of %s: %w", address, err)
	}
	confirm.fields.Set("code", out.App.Code(w.Now().Add(-oneCode)))
	if p, err = v.post(confirm); err != nil {
		return nil, err
	}
	file, shown := p.posts("factor/codes.txt")
	done, last := p.posts("factor/done")
	if !shown || !last {
		return nil, v.refused(p, "no recovery codes are shown")
	}
	out.RecoveryCodes = file.fields["code"]
	if _, err := v.behind(v.post(done)); err != nil {
		return nil, err
	}
	return out, nil
}

// beginFactor presses the button, and proves first who the person is where that is asked.
func (v visit) beginFactor(p page, password string) (page, error) {
	for range 2 {
		begin, ok := p.posts("factor/begin")
		if !ok {
			return p, v.refused(p, "no second factor can be set up")
		}
		var err error
		if p, err = v.post(begin); err != nil {
			return p, err
		}
		prove, asked := p.form("password")
		if !asked {
			return p, nil
		}
		prove.fields.Set("password", password)
		if p, err = v.post(prove); err != nil {
			return p, err
		}
	}
	return p, v.refused(p, "the password is asked again and again")
}

// SignInFactor is SignInPassword for somebody with a second factor, who shows it by code:
// what the app shows, or a recovery code. The field that it looks for is code; for a
// recovery code it follows a link to a page "recover" first.
func (w *World) SignInFactor(address, password, code string) (*http.Client, error) {
	v := visit{w, w.Client(), address}
	p, err := v.typePassword(password)
	if err != nil {
		return nil, err
	}
	if _, ok := p.form("code"); !ok {
		return nil, v.refused(p, "no code is asked for")
	}
	if strings.Count(code, "-") == 3 {
		link, ok := p.link(func(u *url.URL) bool { return path.Base(u.Path) == "recover" })
		if !ok {
			return nil, v.refused(p, "no recovery code is asked for")
		}
		if p, err = v.get(link.String()); err != nil {
			return nil, err
		}
	}
	f, ok := p.form("code")
	if !ok {
		return nil, v.refused(p, "no code is asked for")
	}
	f.fields.Set("code", code)
	return v.behind(v.post(f))
}

func (v visit) get(url string) (page, error) {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	if err != nil {
		return page{}, fmt.Errorf("accesssectest: %w", err)
	}
	return read(v.client.Do(req))
}
