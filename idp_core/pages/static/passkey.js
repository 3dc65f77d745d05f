// Forms with data-passkey ask the browser for a passkey when they are sent. The address in it gives
// the challenge; data-make says that a passkey is to be made, not used.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

// With data-autofill the browser also offers passkeys where the address is typed, until one is used.
let offered = null;
const FRESH = 240000; // a challenge is good for five minutes

async function answer(form, more = {}) {
  const csrf = form.elements.csrf.value;
  const got = await fetch(form.dataset.passkey, { method: "POST", body: new URLSearchParams({ csrf }) });
  if (!got.ok || got.redirected) throw new Error("no challenge");
  const asked = await got.json();
  asked.challenge = bytes(asked.challenge);
  if ("make" in form.dataset) {
    asked.user.id = bytes(asked.user.id);
    asked.excludeCredentials = named(asked.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: asked });
    return said(made, { attestationObject: text(made.response.attestationObject) });
  }
  asked.allowCredentials = named(asked.allowCredentials);
  const found = await navigator.credentials.get({ publicKey: asked, ...more });
  const { authenticatorData, signature, userHandle } = found.response;
  return said(found, {
    authenticatorData: text(authenticatorData), signature: text(signature),
    ...(userHandle && { userHandle: text(userHandle) }),
  });
}

async function offer(form) {
  const there = window.PublicKeyCredential.isConditionalMediationAvailable;
  if (!there || !(await PublicKeyCredential.isConditionalMediationAvailable())) return;
  for (;;) {
    const again = offered = new AbortController();
    const clock = setTimeout(() => again.abort("old"), FRESH);
    try {
      form.elements.response.value = await answer(form, { mediation: "conditional", signal: again.signal });
      return form.submit();
    } catch {
      if (again.signal.reason !== "old") return; // the button was pressed, or the person said no
    } finally {
      clearTimeout(clock);
    }
  }
}

const said = (credential, response) => JSON.stringify({
  id: credential.id, rawId: text(credential.rawId), type: credential.type,
  response: { clientDataJSON: text(credential.response.clientDataJSON), ...response },
});

for (const hint of document.querySelectorAll("[data-no-passkeys]")) hint.hidden = !!window.PublicKeyCredential;
for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !window.PublicKeyCredential;
  if (form.hidden) continue;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = form.querySelector("[data-failed]");
    failed.hidden = true;
    if (offered) offered.abort("pressed");
    try {
      form.elements.response.value = await answer(form);
      form.submit();
    } catch {
      failed.hidden = false;
      if (event.submitter) event.submitter.disabled = false;
    }
  });
  if ("autofill" in form.dataset) offer(form);
}
