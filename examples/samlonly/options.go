package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/accesssec/accesssec-go/saml"
)

// options are the flags.
type options struct {
	listen, origin, entityID, acs, slo string
	metadata, idpEntityID, key         string
	domains, binding, authnContext     string
	encryption, check                  bool
	rules                              saml.Rules
	ask                                saml.StartOptions
}

func parse(args []string, out io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("samlonly", flag.ContinueOnError)
	f.SetOutput(io.Discard)
	f.StringVar(&o.metadata, "metadata", "", "the provider's metadata: a file or an https URL; \"\" is a simulated provider")
	f.StringVar(&o.idpEntityID, "idp-entity-id", "", "which provider, when the metadata has several")
	f.StringVar(&o.listen, "listen", "localhost:8080", "where to listen: host:port")
	f.StringVar(&o.origin, "origin", "", "where browsers find this, when it is behind a tunnel: https://host; \"\" is http and the -listen address")
	f.StringVar(&o.entityID, "entity-id", "", "our entity ID; \"\" is the URL of our metadata")
	f.StringVar(&o.acs, "acs", "", "our ACS URL; \"\" is /acs below the origin")
	f.StringVar(&o.slo, "slo", "", "our single logout URL; \"\" is /slo below the origin, none is no single logout")
	f.StringVar(&o.key, "key", "", "PEM file with our private key and certificate, made when it is missing; \"\" is a new key each time")
	f.StringVar(&o.domains, "domains", "", "whose addresses the provider may assert: example.com,example.org; \"\" is any")
	f.StringVar(&o.rules.Identifier, "identifier", "", "the attribute that is the address, or NameID; \"\" is the usual ones")
	f.BoolVar(&o.rules.IdPInitiated, "idp-initiated", false, "accept responses that nobody asked for, from the provider's portal")
	f.BoolVar(&o.rules.RequireEncrypted, "require-encrypted", false, "refuse an assertion in clear; implies -encryption")
	f.BoolVar(&o.encryption, "encryption", false, "publish our key for encryption as well")
	f.BoolVar(&o.rules.DenyExpiredCertificates, "deny-expired", false, "refuse signatures by a certificate that is outside its dates")
	f.BoolVar(&o.rules.InsecureAllowCBC, "allow-cbc", false, "insecure: accept AES-CBC in encrypted assertions")
	f.BoolVar(&o.rules.InsecureAllowLegacy, "allow-legacy", false, "insecure: accept SHA-1, and RSA keys of 1024 to 2047 bits")
	f.BoolVar(&o.rules.InsecureEngineOnly, "engine-only", false, "insecure: verify by one verifier instead of two")
	f.DurationVar(&o.rules.Skew, "skew", 0, "clock difference that is forgiven, at most 10m; 0 is 3m")
	f.BoolVar(&o.ask.ForceAuthn, "force", false, "ask the provider to ask for the credentials again")
	f.StringVar(&o.ask.NameIDFormat, "nameid-format", "", "ask for this NameID format, a URI; \"\" leaves it to the provider")
	f.StringVar(&o.authnContext, "authn-context", "", "ask for one of these AuthnContext classes, URIs with commas between; \"\" leaves it to the provider")
	f.StringVar(&o.binding, "binding", "", "send sign-in requests by redirect or post, to the sign-in URL of the metadata; \"\" is what it lists for that URL")
	f.BoolVar(&o.check, "check", false, "walk through all of it without a browser, with simulated providers, and say what works")
	if err := f.Parse(args); errors.Is(err, flag.ErrHelp) {
		f.SetOutput(out)
		fmt.Fprintln(out, "samlonly tries an identity provider. Its flags:")
		f.PrintDefaults()
		return o, err
	} else if err != nil {
		return o, fmt.Errorf("%w; -help lists the flags", err)
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("%q is no flag; metadata is given as -metadata FILE; -help lists the flags", f.Arg(0))
	}
	o.encryption = o.encryption || o.rules.RequireEncrypted
	if o.authnContext != "" {
		o.ask.AuthnContext = strings.Split(o.authnContext, ",")
	}
	return o, o.checked()
}

func (o *options) checked() error {
	switch {
	case !slices.Contains([]string{"", string(saml.Redirect), string(saml.POST)}, o.binding):
		return fmt.Errorf("-binding %s: it is redirect or post", o.binding)
	case o.check && o.metadata != "":
		return errors.New("-check brings its own providers; leave -metadata out, or -check to try that provider by hand")
	case o.metadata == "" && o.idpEntityID != "":
		return errors.New("-idp-entity-id chooses from metadata; say which with -metadata")
	}
	return o.rules.Check()
}

// serviceProvider fills in what was not said, once the port is known.
func (o *options) serviceProvider(port string) (origin string, sp *saml.SP, err error) {
	if origin, err = o.reachable(port); err != nil {
		return "", nil, err
	}
	sp = &saml.SP{EntityID: o.entityID, ACS: o.acs, SLO: o.slo}
	if sp.EntityID == "" {
		sp.EntityID = origin + "/metadata"
	}
	if sp.ACS == "" {
		sp.ACS = origin + "/acs"
	}
	switch sp.SLO {
	case "":
		sp.SLO = origin + "/slo"
	case "none":
		sp.SLO = ""
	}
	if err := served("-acs", sp.ACS, origin); err != nil {
		return "", nil, err
	}
	if sp.SLO != "" {
		if err := served("-slo", sp.SLO, origin); err != nil {
			return "", nil, err
		}
		if sp.SLO == sp.ACS {
			return "", nil, errors.New("-slo and -acs are the same; give each a path of its own")
		}
	}
	return origin, sp, nil
}

// reachable is the origin. Without https it is this machine alone: browsers keep no
// Secure cookie of another host, and whoever is on the way could take the session.
func (o *options) reachable(port string) (string, error) {
	if o.origin == "" {
		host := o.listen[:max(0, strings.LastIndex(o.listen, ":"))]
		if bare := strings.Trim(host, "[]"); bare == "" || bare == "0.0.0.0" || bare == "::" {
			host = "localhost"
		}
		if !loopback(host) {
			return "", fmt.Errorf("-listen %s: browsers keep the cookies of a sign-in for https or this machine only; "+
				"listen on localhost, or say with -origin where https ends, for example -origin https://sp.example.com", o.listen)
		}
		return "http://" + host + ":" + port, nil
	}
	u, err := url.Parse(o.origin)
	if err != nil || u.Host == "" || u.User != nil || (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.Fragment != "" {
		return "", fmt.Errorf("-origin %s: it has to be scheme and host alone, such as https://sp.example.com", o.origin)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return "", fmt.Errorf("-origin %s: it has to be https, or http on localhost", o.origin)
	}
	return u.Scheme + "://" + u.Host, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// plainPath has no "_": one large provider refuses such an ACS URL.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9~-][A-Za-z0-9.~-]*)+$`)

// served refuses a URL that would not arrive here.
func served(name, at, origin string) error {
	rest, ok := strings.CutPrefix(at, origin)
	if !ok || !strings.HasPrefix(rest, "/") {
		return fmt.Errorf("%s %s: it has to begin with %s/, because the cookie of a sign-in is kept for that host; change it, or -origin", name, at, origin)
	}
	if !plainPath.MatchString(rest) {
		return fmt.Errorf("%s %s: its path may have letters, digits, - . ~ and /; no \"_\" (some providers refuse it), no query", name, at)
	}
	if slices.Contains([]string{"/login", "/logout", "/metadata", "/certificate.pem"}, rest) {
		return fmt.Errorf("%s %s: something else is served there; choose another path", name, at)
	}
	return nil
}
