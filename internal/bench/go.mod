module github.com/accesssec/accesssec-go/internal/bench

go 1.26.0

replace github.com/accesssec/accesssec-go => ../..

require (
	github.com/accesssec/accesssec-go v0.0.0-00010101000000-000000000000
	github.com/beevik/etree v1.7.0
	github.com/crewjam/saml v0.5.1
	github.com/elimity-com/scim v0.0.0-20240320110924-172bf2aee9c8
	github.com/pquerna/otp v1.5.0
	github.com/russellhaering/gosaml2 v0.12.0
	github.com/russellhaering/goxmldsig v1.6.1
	github.com/scim2/filter-parser/v2 v2.2.0
	golang.org/x/crypto v0.58.0
)

require (
	github.com/boombuler/barcode v1.1.0 // indirect
	github.com/di-wu/parser v0.2.2 // indirect
	github.com/di-wu/xsd-datetime v1.0.0 // indirect
	github.com/jonboulle/clockwork v0.5.0 // indirect
	github.com/mattermost/xml-roundtrip-validator v0.1.0 // indirect
	golang.org/x/net v0.62.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.43.0 // indirect
)
