// Search, filters and sorting for the page of `-f html`. It only shows, hides and orders what is there: no text of the report
// is ever read as markup, nothing is fetched, stored or sent.
(() => {
  "use strict";
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const text = (element) => (element ? element.textContent.trim() : "");

  // What a list shows, how its entries are read, and what follows an entry.
  const identities = () =>
    all(".inventory tbody tr").map((row) => {
      const cells = row.children;
      const part = document.getElementById(row.querySelector("a").hash.slice(1));
      const kind = cells[1].firstChild ? cells[1].firstChild.textContent.trim() : "";
      const worst = cells[10].querySelector(".sev");
      return {
        elements: [row, part && part.parentElement],
        words: (row.textContent + " " + (part ? part.textContent : "")).toLowerCase(),
        kind,
        provider: text(cells[1].querySelector("small")),
        environment: text(cells[3]),
        auth: text(cells[4]).split(", "),
        severity: text(worst),
        risk: text(cells[10].querySelector("small")).split(" "),
        open: worst !== null,
        real: !all("i", cells[0]).some((mark) => mark.textContent === "sample"),
      };
    });

  const findings = () =>
    all(".finding").map((element) => {
      const group = element.closest(".group");
      const kind = group ? text(group.querySelector("header")) : text(element);
      const rule = group ? text(group.querySelector("header code")) : text(element.querySelector("dd > code"));
      const sure = all("dt", element).find((name) => text(name) === "Confidence");
      return {
        elements: [element],
        words: (element.textContent + " " + kind).toLowerCase(),
        severity: text(element.querySelector(".sev")),
        confidence: sure ? text(sure.nextElementSibling) : "",
        risk: (kind.match(/NHI\d+(?= )/) || [""])[0],
        rule,
        head: !all(".where small", element).some((note) => note.textContent.includes("only in history")),
      };
    });

  const lists = { identities, findings };

  const narrow = (form) => {
    let entries = null;
    const read = () => (entries = entries || lists[form.dataset.list]());
    const output = form.querySelector("output");
    const apply = () => {
      const started = performance.now();
      const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const choices = all("select", form).filter((select) => select.value !== "");
      const switches = all("input[type=checkbox]", form).filter((box) => box.checked);
      let shown = 0;
      for (const entry of read()) {
        const keep =
          choices.every(({ name, value }) =>
            Array.isArray(entry[name]) ? entry[name].includes(value) : entry[name] === value) &&
          switches.every(({ name }) => entry[name]) &&
          words.every((word) => entry.words.includes(word));
        shown += keep ? 1 : 0;
        if (entry.hidden !== !keep) {
          entry.hidden = !keep;
          entry.elements[0].classList.toggle("off", !keep);
          if (entry.elements[1]) follow.push(entry);
        }
      }
      // The list that follows the table is further down: its turn comes when the table has been drawn.
      clearTimeout(later);
      later = setTimeout(() => {
        for (const entry of follow.splice(0)) entry.elements[1].classList.toggle("off", entry.hidden);
      }, 120);
      // What holds nothing any more is left out with it.
      if (form.dataset.list === "findings") {
        for (const selector of [".group", ".part"]) {
          for (const element of all(selector)) {
            element.classList.toggle("off", !element.querySelector(".finding:not(.off)"));
          }
        }
      }
      const total = entries.length.toLocaleString("en");
      const narrowed = words.length + choices.length + switches.length > 0;
      output.textContent = narrowed ? `${shown.toLocaleString("en")} of ${total} shown` : `${total} shown`;
      form.dataset.took = (performance.now() - started).toFixed(1);
    };
    let waiting = 0;
    let later = 0;
    const follow = [];
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(apply, 90);
    };
    form.addEventListener("input", soon);
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(); });
    form.addEventListener("reset", () => setTimeout(apply, 0));
    form.hidden = false;
    const idle = window.requestIdleCallback || ((work) => setTimeout(work, 300));
    idle(() => { read(); output.textContent = `${entries.length.toLocaleString("en")} shown`; });
    return apply;
  };

  const forms = all("form.filter").map((form) => ({ form, apply: narrow(form) }));

  // Sorting by a column. What no input told sorts last, whichever way.
  const RANK = ["none", "read, scoped", "write, scoped", "write, broad", "admin"];
  const SEVERITY = ["info", "low", "medium", "high", "critical"];
  const number = (words) => {
    const match = words.replace(/,/g, "").match(/(\d+(?:\.\d+)?)(?:\s*([dy])\b)?/);
    if (!match) return words === "never" ? Infinity : null;
    return Number(match[1]) * (match[2] === "y" ? 365.25 : 1);
  };
  const key = (cell, column) => {
    const words = text(cell);
    if (column === 10) {
      const sev = cell.querySelector(".sev");
      if (!sev) return null;
      return SEVERITY.indexOf(text(sev)) * 1e6 + (number(words.replace(/^\D+/, "")) || 0);
    }
    if (words === "–" || words === "") return null;
    if (column === 7) return RANK.indexOf(words);
    if (column === 9) return number(text(cell.querySelector("b")));
    if (column === 5 || column === 6 || column === 8) return number(words);
    return words.toLowerCase();
  };
  const sort = (table, heading, column) => {
    const body = table.tBodies[0];
    const first = column >= 5 ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    const way = order === "ascending" ? 1 : -1;
    const keyed = Array.from(body.rows, (row, at) => ({ row, at, key: key(row.cells[column] || row.children[column], column) }));
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      if (a.key === b.key) return a.at - b.at;
      return (a.key < b.key ? -1 : 1) * way;
    });
    const sorted = document.createDocumentFragment();
    for (const { row } of keyed) sorted.append(row);
    body.append(sorted);
    for (const cell of heading.parentElement.children) cell.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", order);
  };
  for (const table of all(".inventory")) {
    all("thead th", table).forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = heading.textContent;
      button.addEventListener("click", () => sort(table, heading, column));
      heading.replaceChildren(button);
    });
  }

  // A link into something closed or filtered out opens and shows it.
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const inside = target.closest("details");
    if (inside) inside.open = true;
    if (target.closest(".off")) {
      for (const { form } of forms) form.reset();
      setTimeout(() => (inside || target).scrollIntoView(), 20);
      return;
    }
    (inside || target).scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  reveal();
})();
