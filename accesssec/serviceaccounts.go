package accesssec

// serviceAccount is somebody who is no person: a program of the customer's.
type serviceAccount struct {
	Name    string `json:"name"`
	Purpose string `json:"purpose"`
}

var serviceAccounts = collection[serviceAccount]{"service_account"}
