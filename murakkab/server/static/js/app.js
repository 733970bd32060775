// Shows the start page or the page of a run. Moving between them loads nothing anew: the player is ready at the click.

import { Start } from "./start.js";
import { Watch } from "./watch.js";
import { h, replace } from "./dom.js";

const main = document.getElementById("main");
let page = null;

function show(next) {
  page?.close();
  page = next;
  replace(main, page.element);
  scrollTo(0, 0);
}

async function submitted(requestedAt, submitting, workflow) {
  const watch = new Watch(requestedAt, workflow.stream);
  const { run, url } = await submitting.catch((fault) => {
    watch.player.close();
    watch.controls.close();
    throw fault;
  });
  history.pushState({}, "", url);
  show(watch);
  await watch.start(run);
}

async function route() {
  const run = location.pathname.match(/^\/runs\/([^/]+)$/)?.[1];
  document.title = "Murakkab";
  show(run ? new Watch() : new Start(submitted));
  try {
    await page.start(run);
  } catch (fault) {
    replace(main, h("p", { class: "fault", role: "alert" }, fault.fix ? `${fault.message} – ${fault.fix}` : fault.message));
  }
}

addEventListener("popstate", route);
route();
