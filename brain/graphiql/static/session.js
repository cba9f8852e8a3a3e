// Who is logged in, in this tab. Tokens live in sessionStorage: they end with the tab and no other tab refreshes them
// (a refresh token is good for one use only).

const STORE = "brain.session";
const EARLY_MS = 30_000;

const TOKENS = "accessToken refreshToken";
const LOG_IN = `mutation LogIn($input: LogInInput!) { logIn(input: $input) { tokens { ${TOKENS} } errors { code message } } }`;
const REFRESH = `mutation Refresh($token: String!) { refreshTokens(refreshToken: $token) { tokens { ${TOKENS} } errors { code message } } }`;
const LOG_OUT = `mutation LogOut($token: String!) { logOut(refreshToken: $token) { errors { code message } } }`;

/** The claims of a token, to show them; the Brain alone verifies it. */
function claimsOf(token) {
  const part = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

export class Session extends EventTarget {
  #endpoint;
  #fetch;
  #state;
  #refreshing = null;

  /** @param {string} endpoint of GraphQL @param {typeof fetch} fetch the browser's own */
  constructor(endpoint, fetch) {
    super();
    this.#endpoint = endpoint;
    this.#fetch = fetch;
    try {
      this.#state = JSON.parse(sessionStorage.getItem(STORE));
    } catch {
      this.#state = null;
    }
  }

  /** {tenant, email, roles} of who is logged in, or null. */
  get user() {
    if (!this.#state) return null;
    const claims = claimsOf(this.#state.accessToken);
    return { tenant: claims.tenant_slug ?? claims.tenant, email: this.#state.email, roles: claims.roles ?? [] };
  }

  /** @param {string} tenant slug; needed only by users of several tenants */
  async logIn(email, password, tenant) {
    const input = tenant ? { email, password, tenant } : { email, password };
    const tokens = await this.#mutate("logIn", LOG_IN, { input });
    this.#keep({ ...tokens, email });
  }

  async logOut() {
    const token = this.#state?.refreshToken;
    const accessToken = this.#state?.accessToken;
    this.#keep(null);
    // The server forgets it too, if it can be told; the tab has forgotten it anyway.
    if (token) await this.#ask(LOG_OUT, { token }, accessToken).catch(() => {});
  }

  /** A token that is good for the next half minute, or null if nobody is logged in. */
  async accessToken() {
    if (!this.#state) return null;
    if (claimsOf(this.#state.accessToken).exp * 1000 - EARLY_MS > Date.now()) return this.#state.accessToken;
    this.#refreshing ??= this.#refresh().finally(() => { this.#refreshing = null; });
    await this.#refreshing;
    return this.#state?.accessToken ?? null;
  }

  async #refresh() {
    const { email, refreshToken } = this.#state;
    try {
      const tokens = await this.#mutate("refreshTokens", REFRESH, { token: refreshToken });
      this.#keep({ ...tokens, email });
    } catch (error) {
      if (error.refused) this.#keep(null, "Your session is over: log in again.");
      else throw error;
    }
  }

  async #mutate(field, query, variables) {
    const { data, errors } = await this.#ask(query, variables);
    const payload = data?.[field];
    const refusal = errors?.[0] ?? payload?.errors?.[0];
    if (refusal || !payload?.tokens) {
      const code = refusal?.code ?? refusal?.extensions?.code;
      throw Object.assign(new Error(refusal?.message ?? "The answer had no tokens in it."), { refused: true, code });
    }
    return payload.tokens;
  }

  async #ask(query, variables, accessToken) {
    const headers = { "content-type": "application/json", accept: "application/json" };
    if (accessToken) headers.authorization = `Bearer ${accessToken}`;
    const reply = await this.#fetch(this.#endpoint, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    try {
      return await reply.json();
    } catch {
      throw new Error(`The Brain answered with status ${reply.status} and no JSON.`);
    }
  }

  #keep(state, why = "") {
    this.#state = state;
    if (state) sessionStorage.setItem(STORE, JSON.stringify(state));
    else sessionStorage.removeItem(STORE);
    this.dispatchEvent(new CustomEvent("change", { detail: { why } }));
  }
}
