module github.com/accesssec/accesssec-go

go 1.26.0

require (
	github.com/beevik/etree v1.7.0
	github.com/boombuler/barcode v1.1.0
	github.com/pquerna/otp v1.5.0
	github.com/russellhaering/gosaml2 v0.12.0
	github.com/russellhaering/goxmldsig v1.6.1
	golang.org/x/crypto v0.58.0
	golang.org/x/net v0.62.0
	golang.org/x/text v0.43.0
)

require (
	github.com/jonboulle/clockwork v0.5.0 // indirect
	github.com/mattermost/xml-roundtrip-validator v0.1.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

// Test dependencies.
require github.com/google/go-cmp v0.7.0
