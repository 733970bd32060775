// How the browsers are started: headless, silent, allowed to play sound without a click, off the network.

const CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--autoplay-policy=no-user-gesture-required", "--mute-audio",
];
const FIREFOX = { "media.autoplay.default": 0, "media.volume_scale": "0.0", "datareporting.policy.dataSubmissionEnabled": false };

export function launchOptions(browserName, executablePath, userDataDir) {
  const common = { executablePath, headless: true, userDataDir, defaultViewport: { width: 1360, height: 900 } };
  return browserName === "firefox"
    ? { ...common, browser: "firefox", extraPrefsFirefox: FIREFOX }
    : { ...common, args: CHROMIUM };
}
