// Draws the API reader in the colours and type of the other pages.
const place = document.querySelector("#redoc");

const options = {
  disableSearch: true,
  hideDownloadButton: true,
  nativeScrollbars: true,
  scrollYOffset: 0,
  theme: {
    colors: {
      primary: { main: "#12436d" },
      success: { main: "#0b6b47" },
      text: { primary: "#0b0c0c", secondary: "#484949" },
      http: { get: "#0b6b47", post: "#12436d", put: "#801650", delete: "#a51c1c", options: "#484949", patch: "#8a5a00", head: "#484949" },
    },
    typography: {
      fontFamily: "arial, sans-serif",
      fontSize: "16px",
      headings: { fontFamily: "arial, sans-serif", fontWeight: "700" },
      code: { fontSize: "14px", color: "#801650" },
      links: { color: "#1a65a6", visited: "#54319f", hover: "#0f385c", textDecoration: "underline" },
    },
    sidebar: { backgroundColor: "#f4f8fb", textColor: "#0b0c0c" },
    rightPanel: { backgroundColor: "#1b2733" },
  },
};

globalThis.Redoc.init(place.dataset.spec, options, place);

// What scrolls can be reached by keyboard.
function makeReachable() {
  for (const block of place.querySelectorAll("pre:not([tabindex])")) block.tabIndex = 0;
}

new MutationObserver(makeReachable).observe(place, { childList: true, subtree: true });
