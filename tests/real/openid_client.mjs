// A relying party made with npm's openid-client. Each line on standard input is [what, argument];
// each answer is one line of JSON.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const [issuer, id, secret, back] = process.argv.slice(2);
const insecure = { execute: [client.allowInsecureRequests] };
const config = await client.discovery(new URL(issuer), id, {}, client.ClientSecretBasic(secret), insecure);
let checks, tokens, device;

const doing = {
  async begin(more) {
    const verifier = client.randomPKCECodeVerifier();
    checks = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce(), idTokenExpected: true };
    return client.buildAuthorizationUrl(config, {
      redirect_uri: back, scope: "openid email profile offline_access", state: checks.expectedState, nonce: checks.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256", ...more,
    }).href;
  },
  async end(came) {
    tokens = await client.authorizationCodeGrant(config, new URL(came), checks);
    return tokens.claims();
  },
  userinfo: () => client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub),
  async refresh() {
    const before = tokens.refresh_token;
    tokens = { ...await client.refreshTokenGrant(config, before), claims: tokens.claims };
    return tokens.refresh_token !== before;
  },
  introspect: async () => (await client.tokenIntrospection(config, tokens.refresh_token)).active,
  async revoke() { await client.tokenRevocation(config, tokens.refresh_token); return true; },
  service: async () => (await client.clientCredentialsGrant(config, { scope: "orders" })).token_type,
  async device() {
    device = await client.initiateDeviceAuthorization(config, { scope: "openid email" });
    return device.verification_uri_complete;
  },
  async poll() { tokens = await client.pollDeviceAuthorizationGrant(config, device); return tokens.claims(); },
  logout: () => client.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: back }).href,
};

for await (const line of createInterface({ input: process.stdin })) {
  const [what, argument] = JSON.parse(line);
  try {
    console.log(JSON.stringify({ said: await doing[what](argument) }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.error ?? error.code ?? String(error) }));
  }
}
