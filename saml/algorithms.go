package saml

const minRSABits = 2048
