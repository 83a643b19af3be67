// An OpenID provider written by others, oidc-provider from npm, on a free port of loopback:
//
//	node oidcprovider.mjs <folder with node_modules> <redirect URI>
//
// It writes its issuer as a line of its own, and ends with its standard input. Whoever types a
// login there is that person: "ann" is ann@example.net, verified; of "una" the address is not
// verified; of "text" it is verified by the string "true", which is no JSON true.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(process.argv[2] + "/of-the-provider.js");
const { default: Provider } = await import(pathToFileURL(require.resolve("oidc-provider")).href);

const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;
const verified = { ann: true, una: false, text: "true" };

const provider = new Provider(issuer, {
	clients: [
		{
			client_id: "host",
			client_secret: process.env.ACCESSSEC_TEST_OPENID_SECRET,
			redirect_uris: [process.argv[3]],
			require_auth_time: true,
		},
	],
	claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name", "family_name"] },
	conformIdTokenClaims: false, // they stand in the ID token, as Google has them
	pkce: { required: () => true },
	findAccount: (_, id) => ({
		accountId: id,
		claims: () => ({ sub: id, email: `${id}@example.net`, email_verified: verified[id], given_name: "Ann", family_name: "Archer" }),
	}),
});
server.on("request", provider.callback());
process.stdin.on("end", () => process.exit(0)).resume();
process.stdout.write(issuer + "\n");
