// The clock in a page's head, as the portal says it now. Event on `document`:
//   sipol:closing         another close is next than the page has shown; the clock says which

// The first time of the clock is now.
const closes = (clock) => clock.querySelector("time ~ time")?.dateTime;

/** Put the clock that was sent in place of the page's; whether another close is next. */
export function show(html) {
  const old = document.querySelector(".app-where__clock");
  const made = document.createElement("template");
  made.innerHTML = html;
  const fresh = made.content.firstElementChild;
  const moved = closes(fresh) !== closes(old);
  // Read out only when it says something new.
  if (moved) old.setAttribute("role", "status");
  old.dataset.left = fresh.dataset.left ?? "";
  old.replaceChildren(...fresh.childNodes);
  if (moved) document.dispatchEvent(new CustomEvent("sipol:closing"));
  return moved;
}
