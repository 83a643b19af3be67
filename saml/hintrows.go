package saml

func hostedHints() []hint {
	return []hint{
		{Okta, CodeAudience, "", `in Okta, set "Audience URI (SP Entity ID)" in the SAML settings of the app to exactly the entity ID shown here`},
		{Okta, CodeAudienceMissing, "", `in Okta, set "Audience URI (SP Entity ID)" in the SAML settings of the app to the entity ID shown here`},
		{Okta, CodeDestination, "", `in Okta, set "Single sign-on URL" to exactly the ACS URL shown here, and leave "Use this for Recipient URL and Destination URL" ticked`},
		{Okta, CodeRecipient, "", `in Okta, set "Single sign-on URL" to exactly the ACS URL shown here, and leave "Use this for Recipient URL and Destination URL" ticked; Okta takes no URL with an underscore`},
		{Okta, CodeUnsigned, "", `in Okta, set "Response" or "Assertion Signature" to Signed in the advanced SAML settings of the app`},
		{Okta, CodeAlgorithm, "", `in Okta, set "Signature Algorithm" to RSA-SHA256 and "Digest Algorithm" to SHA256 in the advanced SAML settings of the app`},
		{Okta, CodeAlgorithm, "cbc", `in Okta, choose an AES-GCM algorithm for "Assertion Encryption" or switch it off; or allow AES-CBC for this connection`},
		{Okta, CodeEncrypted, "", `in Okta, "Assertion Encryption" uses another certificate than the one of this connection: upload that one, or set it to Unencrypted`},
		{Okta, CodeSignature, "", `in Okta, copy the certificate that is active under "SAML Signing Certificates" on the Sign On tab of this app into the connection; each app may have its own`},
		{Okta, CodeIdentifier, "", `in Okta, add an attribute statement with the name that the connection expects and the value user.email; Okta sends none until one is added`},
		{Okta, CodeStatus, "invalidnameidpolicy", `in Okta, "Name ID format" of the app must match the format that the connection asks for: change one of the two, or ask for none`},

		{Entra, CodeAudience, "", `in Entra, set "Identifier (Entity ID)" under Basic SAML Configuration to exactly the entity ID shown here`},
		{Entra, CodeDestination, "", `in Entra, set "Reply URL (Assertion Consumer Service URL)" under Basic SAML Configuration to exactly the ACS URL shown here`},
		{Entra, CodeRecipient, "", `in Entra, set "Reply URL (Assertion Consumer Service URL)" under Basic SAML Configuration to exactly the ACS URL shown here`},
		{Entra, CodeAlgorithm, "", `in Entra, set the signing algorithm to SHA-256 where the token signing certificate of the app is edited`},
		{Entra, CodeSignature, "", `in Entra, download the certificate under "SAML Certificates" that is active, and add it to the connection; there may be up to three`},
		{Entra, CodeEncrypted, "", `in Entra, import this connection's certificate under "Token encryption" of the app and activate it, or deactivate token encryption`},
		{Entra, CodeIdentifier, "", `in Entra, send user.mail as a claim under "Attributes & Claims"; claim names are full URIs, and a user principal name is not always an address`},
		{Entra, CodeNameID, "", `in Entra, give "Unique User Identifier (Name ID)" under "Attributes & Claims" a source attribute that everybody has`},
		{Entra, CodeStatus, "noauthncontext", `Entra refuses when the request asks for another way to authenticate than the person used (AADSTS75011): ask for none`},

		{Google, CodeAudience, "", `in the Google Admin console, set "Entity ID" under "Service provider details" of the app to exactly the entity ID shown here`},
		{Google, CodeDestination, "", `in the Google Admin console, set "ACS URL" under "Service provider details" of the app to exactly the one shown here`},
		{Google, CodeRecipient, "", `in the Google Admin console, set "ACS URL" under "Service provider details" of the app to exactly the one shown here`},
		{Google, CodeSignature, "", `in the Google Admin console, download the certificate or the metadata of the app again: it may have been given another certificate`},
		{Google, CodeIdentifier, "", `Google sends no attributes until they are mapped: in the Admin console, add "Primary email" under the attribute mapping of the app, with the name that the connection expects`},
		{Google, CodeNameID, "", `in the Google Admin console, set "Name ID" under "Service provider details" of the app to the primary email`},

		{OneLogin, CodeAudience, "{audience}", `in OneLogin, "Audience (EntityID)" on the Configuration tab is empty, and the placeholder is sent instead: set it to the entity ID shown here`},
		{OneLogin, CodeAudience, "", `in OneLogin, set "Audience (EntityID)" on the Configuration tab to exactly the entity ID shown here`},
		{OneLogin, CodeAudienceMissing, "", `in OneLogin, set "Audience (EntityID)" on the Configuration tab to the entity ID shown here`},
		{OneLogin, CodeDestination, "", `in OneLogin, set "ACS (Consumer) URL" on the Configuration tab to exactly the one shown here, and let "ACS (Consumer) URL Validator" match it`},
		{OneLogin, CodeRecipient, "", `in OneLogin, set "Recipient" and "ACS (Consumer) URL" on the Configuration tab to exactly the ACS URL shown here`},
		{OneLogin, CodeUnsigned, "", `in OneLogin, set "SAML signature element" on the Configuration tab to Assertion, Response or Both`},
		{OneLogin, CodeAlgorithm, "", `in OneLogin, set "SAML Signature Algorithm" on the SSO tab to SHA-256`},
		{OneLogin, CodeSignature, "", `in OneLogin, download the certificate shown under "X.509 Certificate" on the SSO tab, and add it to the connection`},
		{OneLogin, CodeIdentifier, "", `in OneLogin, add a field on the Parameters tab with the name that the connection expects, the value Email, and "Include in SAML assertion" ticked`},
	}
}

func otherHostedHints() []hint {
	return []hint{
		{PingOne, CodeAudience, "", `in PingOne, set "Entity ID" on the Configuration tab of the application to exactly the one shown here`},
		{PingOne, CodeDestination, "", `in PingOne, set "ACS URLs" on the Configuration tab of the application to exactly the one shown here`},
		{PingOne, CodeRecipient, "", `in PingOne, set "ACS URLs" on the Configuration tab of the application to exactly the one shown here`},
		{PingOne, CodeUnsigned, "", `in PingOne, choose to sign the assertion or the response on the Configuration tab of the application`},
		{PingOne, CodeEncrypted, "", `in PingOne, give "Encryption" on the Configuration tab of the application this connection's certificate, or switch it off`},
		{PingOne, CodeSignature, "", `in PingOne, download the signing certificate shown on the Configuration tab of the application, and add it to the connection`},
		{PingOne, CodeIdentifier, "", `in PingOne, add Email Address on the Attribute Mappings tab of the application, with the name that the connection expects; the NameID is an internal ID by default`},

		{JumpCloud, CodeIssuer, "", `JumpCloud sends as issuer what was typed into "IdP Entity ID" of the application: copy it into the connection exactly`},
		{JumpCloud, CodeAudience, "", `in JumpCloud, set "SP Entity ID" of the application to exactly the entity ID shown here`},
		{JumpCloud, CodeDestination, "", `in JumpCloud, set "ACS URLs" of the application to exactly the one shown here`},
		{JumpCloud, CodeRecipient, "", `in JumpCloud, set "ACS URLs" of the application to exactly the one shown here`},
		{JumpCloud, CodeUnsigned, "", `in JumpCloud, set "Sign" of the application to Assertion or Response`},
		{JumpCloud, CodeAlgorithm, "", `in JumpCloud, set "Signature Algorithm" of the application to RSA-SHA256`},
		{JumpCloud, CodeIdentifier, "", `JumpCloud sends no attributes until they are added: in the attributes of the application, add the "Service Provider Attribute Name" that the connection expects with the JumpCloud attribute email`},

		{Auth0, CodeAudience, "", `in Auth0, set "audience" in the settings of the SAML2 Web App addon to exactly the entity ID shown here`},
		{Auth0, CodeDestination, "", `in Auth0, set the callback URL and "destination" of the SAML2 Web App addon to exactly the ACS URL shown here`},
		{Auth0, CodeRecipient, "", `in Auth0, set the callback URL and "recipient" of the SAML2 Web App addon to exactly the ACS URL shown here`},
		{Auth0, CodeAlgorithm, "", `Auth0 signs with SHA-1 unless told otherwise: set "signatureAlgorithm": "rsa-sha256" and "digestAlgorithm": "sha256" in the settings of the SAML2 Web App addon`},
		{Auth0, CodeIdentifier, "", `in Auth0, set "mappings" of the SAML2 Web App addon so that email has the name that the connection expects`},

		{Duo, CodeAudience, "", `in the Duo Admin Panel, set "Entity ID" under "Service Provider" of the application to exactly the one shown here`},
		{Duo, CodeDestination, "", `in the Duo Admin Panel, set "Assertion Consumer Service (ACS) URL" of the application to exactly the one shown here`},
		{Duo, CodeRecipient, "", `in the Duo Admin Panel, set "Assertion Consumer Service (ACS) URL" of the application to exactly the one shown here`},
		{Duo, CodeUnsigned, "", `in the Duo Admin Panel, tick "Sign response" or "Sign assertion" under "Signing options" of the application`},
		{Duo, CodeAlgorithm, "", `in the Duo Admin Panel, set "Signature algorithm" of the application to SHA256`},
		{Duo, CodeIdentifier, "", `in the Duo Admin Panel, add <Email Address> under "Map attributes" of the application, with the name that the connection expects`},

		{CyberArk, CodeAudience, "", `in CyberArk Identity, set "SP Entity ID / Issuer / Audience" on the Trust page of the app to exactly the entity ID shown here`},
		{CyberArk, CodeDestination, "", `in CyberArk Identity, set "Assertion Consumer Service (ACS) URL" on the Trust page of the app to exactly the one shown here`},
		{CyberArk, CodeRecipient, "", `in CyberArk Identity, set "Recipient" on the Trust page of the app to "Same as ACS URL", and that to exactly the one shown here`},
		{CyberArk, CodeUnsigned, "", `in CyberArk Identity, set "Sign Response or Assertion" on the Trust page of the app`},
		{CyberArk, CodeSignature, "", `in CyberArk Identity, download the signing certificate or the metadata on the Trust page of the app again`},

		{Rippling, CodeAudience, "", `in Rippling, set "Service Provider Entity ID" of the app to exactly the entity ID shown here`},
		{Rippling, CodeDestination, "", `in Rippling, set "ACS URL" of the app to exactly the one shown here`},
		{Rippling, CodeRecipient, "", `in Rippling, set "ACS URL" of the app to exactly the one shown here`},
		{Rippling, CodeRequestUnknown, "", `Rippling invents an InResponseTo for sign-ins from its own portal: tick "Disable InResponseTo field in assertions for IdP initiated SSO" under "Advanced SAML Settings" of the app, or start at the application's sign-in page`},
	}
}

func installedHints() []hint {
	return []hint{
		{ADFS, CodeIssuer, "", `the issuer of AD FS is http://<its name>/adfs/services/trust, with http and not https: copy it into the connection exactly`},
		{ADFS, CodeAudience, "", `in AD FS, add exactly the entity ID shown here on the Identifiers tab of the relying party trust`},
		{ADFS, CodeDestination, "", `in AD FS, add exactly the ACS URL shown here as "SAML Assertion Consumer" with binding POST on the Endpoints tab of the relying party trust`},
		{ADFS, CodeRecipient, "", `in AD FS, add exactly the ACS URL shown here as "SAML Assertion Consumer" with binding POST on the Endpoints tab of the relying party trust`},
		{ADFS, CodeAlgorithm, "", `in AD FS, set the secure hash algorithm to SHA-256 on the Advanced tab of the relying party trust`},
		{ADFS, CodeAlgorithm, "cbc", `AD FS encrypts with AES-CBC as soon as it has a certificate for that: remove it on the Encryption tab of the relying party trust, or allow AES-CBC for this connection`},
		{ADFS, CodeEncrypted, "", `AD FS encrypts as soon as it has a certificate for that: put this connection's one on the Encryption tab of the relying party trust, or remove the one that is there`},
		{ADFS, CodeSignature, "", `AD FS replaces its token-signing certificate by itself: read its metadata again, and keep both the primary and the secondary certificate`},
		{ADFS, CodeNameID, "", `AD FS sends a NameID only if a claim rule makes one: add the rule "Transform an Incoming Claim" from E-Mail Address to Name ID`},
		{ADFS, CodeIdentifier, "", `in AD FS, add the claim rule "Send LDAP Attributes as Claims" with E-Mail-Addresses as E-Mail Address`},
		{ADFS, CodeStatus, "invalidnameidpolicy", `AD FS has no claim rule for the NameID format that the connection asks for (MSIS7070, event 321): ask for none, or add the rule "Transform an Incoming Claim" to Name ID in that format`},

		{Keycloak, CodeAudience, "", `in Keycloak, the "Client ID" of the client must be exactly the entity ID shown here`},
		{Keycloak, CodeDestination, "", `in Keycloak, set "Master SAML Processing URL" or "Assertion Consumer Service POST Binding URL" of the client to exactly the ACS URL shown here`},
		{Keycloak, CodeRecipient, "", `in Keycloak, set "Master SAML Processing URL" or "Assertion Consumer Service POST Binding URL" of the client to exactly the ACS URL shown here`},
		{Keycloak, CodeUnsigned, "", `in Keycloak, switch on "Sign documents" or "Sign assertions" of the client`},
		{Keycloak, CodeAlgorithm, "", `in Keycloak, set "Signature algorithm" of the client to RSA_SHA256`},
		{Keycloak, CodeEncrypted, "", `in Keycloak, import this connection's certificate as the encryption key of the client, or switch off "Encrypt assertions"`},
		{Keycloak, CodeSignature, "", `in Keycloak, the realm may have a new key: read its SAML metadata again, or copy the certificate from the keys in the realm settings`},
		{Keycloak, CodeIdentifier, "", `in Keycloak, add a mapper for the user's email to the client, with the name that the connection expects`},
		{Keycloak, CodeStatus, "requester", `Keycloak did not accept the request: while "Client signature required" is on, it must be signed with the key whose certificate the client has`},

		{Shibboleth, CodeIdentifier, "", `Shibboleth sends a transient NameID unless told otherwise: release mail to this service in attribute-filter.xml`},
		{Shibboleth, CodeAlgorithm, "cbc", `set idp.encryption.config to shibboleth.EncryptionConfiguration.GCM in Shibboleth, or allow AES-CBC for this connection`},
		{Shibboleth, CodeEncrypted, "", `Shibboleth encrypts for the certificate in the metadata it has of this service: give it this connection's metadata again`},

		{SimpleSAMLphp, CodeAudience, "", `in SimpleSAMLphp, the entry in metadata/saml20-sp-remote.php must be called exactly as the entity ID shown here`},
		{SimpleSAMLphp, CodeDestination, "", `in SimpleSAMLphp, set AssertionConsumerService in metadata/saml20-sp-remote.php to exactly the ACS URL shown here`},
		{SimpleSAMLphp, CodeRecipient, "", `in SimpleSAMLphp, set AssertionConsumerService in metadata/saml20-sp-remote.php to exactly the ACS URL shown here`},
		{SimpleSAMLphp, CodeUnsigned, "", `in SimpleSAMLphp, set saml20.sign.assertion or saml20.sign.response to true in metadata/saml20-sp-remote.php`},
		{SimpleSAMLphp, CodeAlgorithm, "cbc", `in SimpleSAMLphp, set sharedkey_algorithm to an AES-GCM one in metadata/saml20-sp-remote.php, or allow AES-CBC for this connection`},
		{SimpleSAMLphp, CodeEncrypted, "", `in SimpleSAMLphp, give the entry in metadata/saml20-sp-remote.php this connection's certificate, or set assertion.encryption to false`},
		{SimpleSAMLphp, CodeIdentifier, "", `SimpleSAMLphp sends a transient NameID unless told otherwise: set NameIDFormat in metadata/saml20-sp-remote.php, or let an attribute hold the address`},

		{PingFederate, CodeAudience, "", `in PingFederate, set "Partner's Entity ID (Connection ID)" of the SP connection to exactly the entity ID shown here`},
	}
}
