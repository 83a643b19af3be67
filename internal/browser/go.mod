module github.com/accesssec/accesssec-go/internal/browser

go 1.26.0

replace github.com/accesssec/accesssec-go => ../..
