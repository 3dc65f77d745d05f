// Forms with data-passkey ask the browser for a passkey when they are sent. The address in it gives
// the challenge; data-make says that a passkey is to be made, not used.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const named = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

async function answer(form) {
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
  const found = await navigator.credentials.get({ publicKey: asked });
  const { authenticatorData, signature, userHandle } = found.response;
  return said(found, {
    authenticatorData: text(authenticatorData), signature: text(signature),
    ...(userHandle && { userHandle: text(userHandle) }),
  });
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
    try {
      form.elements.response.value = await answer(form);
      form.submit();
    } catch {
      failed.hidden = false;
      if (event.submitter) event.submitter.disabled = false;
    }
  });
}
