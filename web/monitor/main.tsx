import "uplot/dist/uPlot.min.css";
import { render } from "preact";
import { pageStyle } from "../../src/report/page-style.ts";
import { App } from "./app.tsx";
import ownStyle from "./style.css?inline";

// The style of the reports, then what only the monitor has.
document.adoptedStyleSheets = [pageStyle, ownStyle].map((text) => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text);
  return sheet;
});

// The token has become a cookie; it need not stay in the address.
const address = new URL(location.href);
if (address.searchParams.has("token")) {
  address.searchParams.delete("token");
  history.replaceState(null, "", address);
}

render(<App />, document.getElementById("app") as HTMLElement);
