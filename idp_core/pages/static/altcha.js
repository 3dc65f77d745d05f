// Forms with data-challenge are sent with a proof of work: the number whose hash was asked for.
const hex = (buffer) => Array.from(new Uint8Array(buffer), (each) => each.toString(16).padStart(2, "0")).join("");
const coded = new TextEncoder();
const AT_ONCE = 500;

async function solve({ salt, challenge, signature, most }) {
  for (let start = 0; start <= +most; start += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, place) => start + place);
    const hashes = await Promise.all(numbers.map((n) => crypto.subtle.digest("SHA-256", coded.encode(salt + n))));
    const found = hashes.findIndex((each) => hex(each) === challenge);
    if (found >= 0) return btoa(JSON.stringify({ algorithm: "SHA-256", challenge, number: numbers[found], salt, signature }));
  }
  return "";
}

for (const form of document.querySelectorAll("form[data-challenge]")) {
  if (!window.crypto || !crypto.subtle) continue;
  const working = solve(form.dataset);
  form.addEventListener("submit", async (event) => {
    if (form.elements.altcha.value) return;
    event.preventDefault();
    form.elements.altcha.value = await working;
    form.submit();
  });
}
