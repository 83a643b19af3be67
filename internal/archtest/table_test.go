package archtest_test

// reasons maps what may be imported to why.
type reasons map[string]string

// row is what one package may import besides the standard library.
type row struct {
	floor   int     // 0 protocol, 1 joins, 2 pages, 3 examples; leaf for internal
	ours    reasons // packages of this module, relative to its root; anything for all
	modules reasons // third-party modules
	testing string  // why code here may import package testing; "" means it may not
}

const (
	leaf     = -1
	anything = "*"
)

// table is the whole of what imports what. Arrows point down only.
func table() map[string]row {
	return map[string]row{
		// Floor 0: each useful alone, so none imports another of ours.
		"store":      {floor: 0},
		"store/seal": {floor: 0},
		"saml": {floor: 0, ours: reasons{
			"saml/internal/engine": "reads and verifies signed XML",
			"saml/internal/xmlenc": "decrypts",
			"internal/publicaddr":  "where metadata may be fetched from",
		}, modules: reasons{
			"github.com/russellhaering/gosaml2":   "builds the requests we send, in one file",
			"github.com/russellhaering/goxmldsig": "signs what we send, verifies what we accept",
			"github.com/beevik/etree":             "the element tree goxmldsig works on",
		}},
		"saml/internal/engine": {floor: 0},
		"domainclaim": {floor: 0, ours: reasons{
			"internal/publicaddr": "where name servers may be",
		}, modules: reasons{
			"golang.org/x/net":  "idna, publicsuffix and the DNS message format",
			"golang.org/x/text": "NFC of local parts",
		}},
		"scim": {floor: 0, ours: reasons{"scim/filter": "the query language is part of the protocol",
			"internal/newid": "ids of the reference backend"}},
		"scim/filter":   {floor: 0},
		"totp/totptest": {floor: 1},
		"totp": {floor: 0, modules: reasons{
			"github.com/pquerna/otp":       "computes the codes",
			"github.com/boombuler/barcode": "draws the QR code",
		}},

		// Floor 1: pure rooms.
		"accesssec/policy":   {floor: 1},
		"accesssec/classify": {floor: 1},
		"accesssec/password": {floor: 1, modules: reasons{
			"golang.org/x/crypto": "Argon2id, and bcrypt and scrypt of other systems",
			"golang.org/x/text":   "NFC before hashing",
		}},
		"accesssec/audit": {floor: 1, ours: reasons{"store": "events are store records",
			"internal/newid": "an event's id"}},

		// Floor 1: stores and fakes; never accesssec.
		"store/memory": {floor: 1, ours: reasons{"store": "implements it",
			"internal/keyset": "where a page ends"}},
		"store/sqlstore": {floor: 1, ours: reasons{"store": "implements it",
			"internal/keyset": "where a page ends"}},
		"store/storetest": {floor: 1, ours: reasons{"store": "judges implementations of it"},
			modules: reasons{"github.com/google/go-cmp": "shows what differs"},
			testing: "a conformance suite is run by a store's own test"},
		"saml/samltest": {floor: 1, modules: reasons{
			"github.com/russellhaering/goxmldsig": "the fake provider signs",
			"github.com/beevik/etree":             "the element tree goxmldsig works on",
			"golang.org/x/net":                    "html, for the browser of a login test",
		}},
		"scim/scimtest": {floor: 1, ours: reasons{"scim": "speaks its values"},
			modules: reasons{"github.com/google/go-cmp": "shows what differs"},
			testing: "a conformance suite is run by a mount's own test"},
		"domainclaim/dnstest": {floor: 1, ours: reasons{"domainclaim": "hands out a Resolver"},
			modules: reasons{"golang.org/x/net": "the DNS message format"}},

		// Floor 1: the room that joins everything.
		"accesssec": {floor: 1, ours: reasons{
			"store":              "keeps everything",
			"store/seal":         "the host's key ring",
			"saml":               "single sign-on",
			"domainclaim":        "addresses and claims",
			"scim":               "provisioning",
			"scim/filter":        "provisioning queries",
			"totp":               "second factor",
			"accesssec/policy":   "the one decision",
			"accesssec/password": "hashing and rules",
			"accesssec/classify": "sensitive properties",
			"accesssec/audit":    "every change writes its event",
			"internal/throttle":  "bounds attempts at the doors",
			"internal/newid":     "ids of records",
			"internal/scimquery": "what provisioning asks of a directory",
		}, modules: reasons{
			"golang.org/x/text": "folds the names of teams",
		}},

		// Floor 2: mountable pages, and a Service under a test's hand.
		"accesssec/signin": {floor: 2, ours: reasons{
			"accesssec":          "the sign-in it shows",
			"accesssec/policy":   "names of methods and steps",
			"accesssec/password": "what is wrong with a new one",
			"saml":               "names of bindings and errors",
			"totp":               "shows a new factor and recovery codes",
			"internal/ui":        "the pages' frame and style",
		}},
		"accesssec/console": {floor: 2, ours: reasons{
			"accesssec":          "the admin face it shows",
			"accesssec/policy":   "explains decisions",
			"accesssec/audit":    "shows the log",
			"accesssec/classify": "shows sensitive properties",
			"domainclaim":        "shows records and states",
			"saml":               "reads metadata and certificates",
			"internal/ui":        "the pages' frame and style",
		}},
		"accesssec/accesssectest": {floor: 2, ours: reasons{
			"accesssec":           "the Service it makes",
			"accesssec/password":  "a Hasher that costs next to nothing",
			"accesssec/policy":    "names of roles",
			"accesssec/signin":    "the pages of a host that brings none",
			"store":               "the store under it",
			"store/memory":        "the default store",
			"store/seal":          "a ring made on the spot",
			"domainclaim":         "a Resolver for the Service, and addresses to compare",
			"domainclaim/dnstest": "scripted DNS",
			"saml":                "metadata of the fake provider",
			"saml/samltest":       "a fake identity provider",
			"totp/totptest":       "a person's authenticator app",
		}, modules: reasons{"golang.org/x/net": "html, to fill in the sign-in pages"},
			testing: "it is for hosts' tests"},

		// Floor 3: what a host would write, so nothing internal.
		"examples/quickstart": {floor: 3, ours: reasons{
			"accesssec":           "the Service",
			"accesssec/signin":    "the sign-in pages",
			"store/memory":        "keeps it all in memory",
			"store/seal":          "a ring made on the spot",
			"domainclaim":         "a Resolver for the Service",
			"domainclaim/dnstest": "stands in for the customer's DNS",
			"saml":                "reads the provider's metadata",
			"saml/samltest":       "stands in for the customer's provider",
			"totp/totptest":       "stands in for the Owner's phone",
		}},
		"examples/domainonly": {floor: 3, ours: reasons{
			"domainclaim":         "all that it is built on",
			"domainclaim/dnstest": "stands in for DNS when no real one is asked for",
		}},
		"examples/samlonly": {floor: 3, ours: reasons{
			"saml":          "all that it is built on",
			"saml/samltest": "stands in for a provider when none is named",
		}},
		"examples/scimonly": {floor: 3, ours: reasons{
			"scim": "all that it is built on",
		}},
		"examples/totponly": {floor: 3, ours: reasons{
			"totp":               "all that it is built on",
			"totp/totptest":      "the app on the phone, when it walks through itself",
			"store/seal":         "seals secrets in the tables",
			"accesssec/password": "Argon2id, for passwords and recovery codes",
		}},

		// Leaves that two floors need and no host does.
		"internal/archtest":        {floor: leaf},
		"internal/commonpasswords": {floor: leaf},
		// Names and bytes, no XML.
		"saml/internal/xmlenc": {floor: leaf},
		"internal/keyset":      {floor: leaf},
		"internal/newid":       {floor: leaf},
		// Addresses, no connections.
		"internal/publicaddr": {floor: leaf},
		"internal/readme":     {floor: leaf},
		"internal/throttle":   {floor: leaf},
		"internal/ui":         {floor: leaf},
		// For the directory, and for the test of it on every database.
		"internal/scimquery": {floor: 1, ours: reasons{
			"scim":        "its schemas and errors",
			"scim/filter": "the question",
			"store":       "who answers it",
		}},
		// What went wrong elsewhere, and which test shows that it does not here.
		"internal/lessons": {floor: leaf, testing: "tables of lessons are tests of several packages"},
		// The expected outcomes, for policy's own test and for flows over HTTP.
		"internal/policytable": {floor: leaf},
		"internal/flowtest": {floor: leaf, ours: reasons{anything: "whole flows touch every room"},
			modules: reasons{
				"github.com/google/go-cmp": "shows what differs",
				"golang.org/x/net":         "reads the pages a flow meets",
			},
			testing: "flows are run by a store's own test"},
	}
}

// planned are rows written before their package. One that exists must leave the
// list, so that a package that vanishes later is noticed.
func planned() []string {
	return []string{
		"accesssec/classify",
		"accesssec/console",
	}
}

// requirements are the modules that the root go.mod may require directly.
func requirements() reasons {
	return reasons{
		"github.com/beevik/etree":             "element trees for signed XML",
		"github.com/russellhaering/gosaml2":   "builds outbound SAML requests",
		"github.com/russellhaering/goxmldsig": "XML signatures",
		"github.com/pquerna/otp":              "one-time codes",
		"github.com/boombuler/barcode":        "QR codes",
		"golang.org/x/crypto":                 "Argon2id",
		"golang.org/x/net":                    "idna, public suffixes, DNS messages, HTML in tests",
		"golang.org/x/text":                   "Unicode normalisation",
		"golang.org/x/mod":                    "signed notes for audit checkpoints",
		"github.com/google/go-cmp":            "tests",
	}
}

// scarce is a standard package, or a third-party one, that few places may import.
type scarce struct {
	why   string
	where []string // packages
}

func scarceImports() map[string]scarce {
	return map[string]scarce{
		"encoding/xml":            {"XML from outside is read in one place, under one set of bounds", []string{"saml", "saml/samltest"}},
		"github.com/beevik/etree": {"XML from outside is read in one place, under one set of bounds", []string{"saml", "saml/samltest"}},
		"math/rand":               {"secrets and ids come from crypto/rand", nil},
		"math/rand/v2":            {"secrets and ids come from crypto/rand", nil},
		"unsafe":                  {"nothing here is worth it", nil},
		"expvar":                  {"it registers itself on the host's default mux", nil},
		"net/http/pprof":          {"it registers itself on the host's default mux", nil},
	}
}
