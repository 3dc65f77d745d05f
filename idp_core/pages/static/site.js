// Nothing here is needed: forms are sent and links work without it.
document.addEventListener("submit", (event) => {
  // A form that was sent is not sent again by a second click.
  const button = event.submitter;
  if (button) setTimeout(() => { button.disabled = true; setTimeout(() => { button.disabled = false; }, 5000); });
});
const first = document.querySelector("[aria-invalid=true]") || document.querySelector("main form input:not([type=hidden])");
if (first && !location.hash) first.focus();
