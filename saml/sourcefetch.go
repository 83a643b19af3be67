package saml

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	maxMetadata  = 8 << 20
	fetchTime    = 30 * time.Second // all of it: name, connection, redirects, body
	maxRedirects = 3
	maxURL       = 2048
)

// Fetch gets the file from URL and reads it as Parse does. It speaks https only, with
// certificates that Roots vouch for, follows three redirects, never uses a proxy, and
// takes at most 8 MiB and 30 seconds. The addresses that names resolve to have to be
// public ones, whatever they are called (see Dial). The error is an *Error of
// CodeMetadata, CodeXML, CodeSize or CodeConfig; its text tells nothing of what was
// found at an address that is not public.
func (s *Source) Fetch(ctx context.Context, now time.Time) (m *Metadata, err error) {
	defer rescue(CodeMetadata, func(e *Error) { m, err = nil, e })
	if err := s.check(now); err != nil {
		return nil, err
	}
	target, err := url.Parse(s.URL)
	if err != nil {
		return nil, refuse(CodeConfig, "an https URL", "").because(err)
	}
	if err := fetchable(target); err != nil {
		return nil, refuse(CodeConfig, "an https URL", err.Error())
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	body, err := s.get(ctx, target)
	if err != nil {
		return nil, notFetched(err)
	}
	return s.Parse(body, now)
}

// fetchable says what is wrong with a URL, at the start or behind a redirect.
func fetchable(u *url.URL) error {
	switch {
	case u.Scheme != "https":
		return errors.New("a URL without https")
	case u.Hostname() == "":
		return errors.New("a URL without a host")
	case u.User != nil:
		return errors.New("a URL with a password")
	case len(u.String()) > maxURL:
		return fmt.Errorf("a URL of more than %d bytes", maxURL)
	}
	return nil
}

// client is used once, so that it keeps no connection and no state.
func (s *Source) client() *http.Client {
	dial := s.Dial
	if dial == nil {
		dial = dialPublic
	}
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  nil, // one would do the resolving, and its own address is private
			DialContext:            dial,
			TLSClientConfig:        &tls.Config{RootCAs: s.Roots, MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  fetchTime,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
			DisableCompression:     true, // the cap counts what comes
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fetchFailure{"more than three redirects"}
			}
			if err := fetchable(r.URL); err != nil {
				return fetchFailure{"a redirect to " + err.Error()}
			}
			return nil
		},
	}
}

// fetchFailure is one whose text is safe to show.
type fetchFailure struct{ what string }

func (f fetchFailure) Error() string { return "saml: " + f.what }

func (s *Source) get(ctx context.Context, target *url.URL) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1")
	request.Header.Set("User-Agent", "accesssec-go")
	response, err := s.client().Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fetchFailure{fmt.Sprintf("HTTP status %d", response.StatusCode)}
	}
	if response.ContentLength > maxMetadata {
		return nil, errTooLong
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxMetadata+1))
	if err != nil {
		return nil, err
	}
	if len(body) > maxMetadata {
		return nil, errTooLong
	}
	return body, nil
}

var errTooLong = errors.New("saml: more than 8 MiB")

// notFetched says what went wrong, for an admin who set the URL.
func notFetched(err error) *Error {
	e := refuse(CodeMetadata, "metadata at this URL", "").because(err)
	var failure fetchFailure
	var name *net.DNSError
	var authority x509.UnknownAuthorityError
	var verification *tls.CertificateVerificationError
	switch {
	case errors.Is(err, errTooLong):
		return tooMuchMetadata().because(err)
	case errors.Is(err, errNotPublic):
		e.Received = "an address that is not public"
		return e.advise("metadata is fetched from the public internet only: upload the provider's metadata as a file instead")
	case errors.Is(err, context.DeadlineExceeded):
		e.Received = "no answer in time"
	case errors.As(err, &failure):
		e.Received = failure.what
	case errors.As(err, &name):
		e.Received = "a name that does not resolve"
	case errors.As(err, &authority), errors.As(err, &verification):
		e.Received = "a TLS certificate that is not trusted"
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		e.Received = "an answer without TLS"
	default:
		e.Received = "no answer"
	}
	return e.advise("open the URL in a browser, without signing in: it has to show the provider's metadata. If it does not, copy it again from the provider, or upload the file")
}
