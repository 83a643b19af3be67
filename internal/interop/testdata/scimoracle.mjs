// Applies PATCHes by two libraries written by others: scim-patch and scimmy.
//
//	node scimoracle.mjs <folder with node_modules> < cases > outcomes
//
// A case is a line of JSON, {"resource": {...}, "operations": [...]}; an outcome too, {"scim-patch":
// ..., "scimmy": ...}, each of them {"state": {...}} or {"error": "..."}.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(process.argv[2] + "/of-the-oracles.js");
const { scimPatch } = require("scim-patch");
const { default: SCIMMY = require("scimmy") } = require("scimmy");
const message = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser, false);

async function outcome(apply) {
	try {
		return { state: await apply() };
	} catch (e) {
		return { error: String(e?.message ?? e) };
	}
}

function byScimmy(resource, operations) {
	const Schema = resource.schemas.some((s) => s.endsWith(":Group")) ? SCIMMY.Schemas.Group : SCIMMY.Schemas.User;
	const before = new Schema(structuredClone(resource), "out");
	return new SCIMMY.Messages.PatchOp({ schemas: [message], Operations: operations })
		.apply(before)
		.then((after) => JSON.parse(JSON.stringify(after ?? before)));
}

for await (const line of createInterface({ input: process.stdin })) {
	const { resource, operations } = JSON.parse(line);
	const out = {
		"scim-patch": await outcome(() => scimPatch(structuredClone(resource), structuredClone(operations))),
		scimmy: await outcome(() => byScimmy(resource, structuredClone(operations))),
	};
	process.stdout.write(JSON.stringify(out) + "\n");
}
