// Opens the page of a run that was stopped, goes on with it by the button, watches it to its end, prints what was seen.
//
//     node resume.mjs chromium|firefox PROGRAM RUN-ADDRESS PROFILE-FOLDER

import { launch } from "./launch.mjs";

const [browserName, executablePath, address, userDataDir] = process.argv.slice(2);
const browser = await launch(browserName, executablePath, userDataDir);
try {
  const page = await browser.newPage();
  await page.goto(address, { waitUntil: "domcontentloaded" });
  const button = await page.waitForSelector("::-p-text(Go on making it)", { visible: true });
  const before = await page.$eval(".status", (status) => status.textContent);
  await Promise.all([page.waitForNavigation(), button.click()]);
  await page.waitForFunction(() => document.querySelector("video")?.ended, { timeout: 60_000 });
  const after = await page.$eval(".status", (status) => status.textContent);
  const fault = await page.$eval(".fault", (shown) => !shown.hidden);
  console.log(JSON.stringify({ before, after, fault }));
} finally {
  await browser.close();
}
