// An ended login: a thin bar, a dialog, nothing lost. Events on `document`:
//   sipol:login-required  somebody's call was refused; the bar appears
//   sipol:signed-in       the tokens of the page are new; waiting calls go on

const CHECK_EVERY = 5 * 60 * 1000;
const parts = document.getElementById("session-parts");
let bar = null;
let dialog = null;

function build() {
  if (bar) return;
  document.body.prepend(parts.content.cloneNode(true));
  bar = document.getElementById("session-bar");
  dialog = document.getElementById("session-dialog");
  document.getElementById("session-open").addEventListener("click", open);
  document.getElementById("session-cancel").addEventListener("click", () => dialog.close());
  dialog.querySelector("form").addEventListener("submit", signIn);
}

function open() {
  dialog.showModal();
  const login = dialog.querySelector("[name=login]");
  (login.value ? dialog.querySelector("[name=password]") : login).focus();
}

async function signIn(event) {
  event.preventDefault();
  const form = event.target;
  const wrong = dialog.querySelector("[role=alert]");
  wrong.textContent = "";
  let response;
  try {
    response = await fetch(form.action, {
      method: "POST", credentials: "same-origin",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ login: form.login.value, password: form.password.value }),
    });
  } catch {
    wrong.textContent = form.dataset.offline;
    return;
  }
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    wrong.textContent = answer.detail ?? form.dataset.offline;
    form.password.select();
    return;
  }
  form.password.value = "";
  const mine = document.querySelector('meta[name="account"]');
  if (mine && mine.content !== answer.account) {
    location.reload();  // somebody else signed in: this page shows what is not theirs
    return;
  }
  document.querySelector('meta[name="csrf-token"]').content = answer.csrf_token;
  for (const field of document.querySelectorAll("input[name=csrf_token]")) field.value = answer.csrf_token;
  dialog.close();
  bar.hidden = true;
  document.dispatchEvent(new CustomEvent("sipol:signed-in"));
}

document.addEventListener("sipol:login-required", () => {
  build();
  bar.hidden = false;
});

// Everybody asks whether it has moved, but not in one second.
function atTheClose() {
  const left = document.querySelector("[data-left]")?.dataset.left;
  if (left > 0) setTimeout(check, left * 1000 + Math.random() * 60_000);
}

async function check() {
  // A queue sends on behind another page.
  if (document.visibilityState !== "visible" && !document.getElementById("queue")) return;
  try {
    const response = await fetch("/masuk/keadaan", {
      credentials: "same-origin", headers: { Accept: "application/json", "Sipol-Background": "1" },
    });
    const state = await response.json();
    if (!state.signed_in) document.dispatchEvent(new CustomEvent("sipol:login-required"));
    else if ((await import("./clock.js")).show(state.clock)) atTheClose();
  } catch {
    // No line, or the portal restarts: neither is an ended login.
  }
}

if (parts) {
  setInterval(check, CHECK_EVERY);
  document.addEventListener("visibilitychange", check);
  atTheClose();
}
