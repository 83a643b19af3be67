module github.com/accesssec/accesssec-go/internal/browser

go 1.26.0

require github.com/accesssec/accesssec-go v0.0.0

replace github.com/accesssec/accesssec-go => ../..
