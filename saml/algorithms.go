package saml

const (
	minRSABits = 2048
	maxRSABits = 8192 // a longer key makes each verification a burden on everyone else

	encSpace = "http://www.w3.org/2001/04/xmlenc#"

	xmlWhite = " \t\r\n"
)
