module github.com/accesssec/accesssec-go/internal/browser

go 1.26.0

require github.com/accesssec/accesssec-go v0.0.0

require (
	github.com/beevik/etree v1.7.0 // indirect
	github.com/boombuler/barcode v1.1.0 // indirect
	github.com/jonboulle/clockwork v0.5.0 // indirect
	github.com/mattermost/xml-roundtrip-validator v0.1.0 // indirect
	github.com/pquerna/otp v1.5.0 // indirect
	github.com/russellhaering/gosaml2 v0.12.0 // indirect
	github.com/russellhaering/goxmldsig v1.6.1 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)

replace github.com/accesssec/accesssec-go => ../..
