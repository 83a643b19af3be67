package saml

const (
	minRSABits = 2048
	maxRSABits = 8192 // a longer key makes each verification a burden on everyone else

	xmlWhite = " \t\r\n"
)
