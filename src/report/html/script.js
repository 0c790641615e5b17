// Search, filters and sorting for the page of `-f html`. It only shows, hides and orders what is there: no text of the report
// is ever read as markup, nothing is fetched, stored or sent.
(() => {
  "use strict";
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const text = (element) => (element ? element.textContent.trim() : "");

  // Entries of the lists: the elements that show each, its words in lower case, and what it is chosen by. The words of a large
  // report are read in pieces while nobody waits, and at once when somebody does.
  const lists = {
    identities: {
      elements: () => all(".inventory tbody tr"),
      read(row) {
        const cells = row.children;
        const part = document.getElementById(row.querySelector("a").hash.slice(1));
        const kind = cells[1].firstChild ? cells[1].firstChild.textContent.trim() : "";
        const worst = cells[10].querySelector(".sev");
        return {
          elements: [row, part.parentElement],
          words: `${row.textContent} ${part.textContent}`.toLowerCase(),
          kind,
          repository: (row.dataset.r || "").split(" "),
          provider: text(cells[1].querySelector("small")),
          environment: text(cells[3]),
          auth: text(cells[4]).split(", "),
          severity: text(worst),
          risk: text(cells[10].querySelector("small")).split(" "),
          open: worst !== null,
          real: !all("i", cells[0]).some((mark) => mark.textContent === "sample"),
        };
      },
    },
    findings: {
      elements: () => all(".finding"),
      read(element) {
        const group = element.closest(".group");
        const kind = group ? text(group.querySelector("header")) : text(element);
        const rule = group ? text(group.querySelector("header code")) : text(element.querySelector("dd > code"));
        const sure = all("dt", element).find((name) => text(name) === "Confidence");
        return {
          elements: [element],
          words: `${element.textContent} ${kind}`.toLowerCase(),
          repository: (element.dataset.r || "").split(" "),
          severity: text(element.querySelector(".sev")),
          confidence: sure ? text(sure.nextElementSibling) : "",
          risk: (kind.match(/NHI\d+(?= )/) || [""])[0],
          rule,
          head: !all(".where small", element).some((note) => note.textContent.includes("only in history")),
        };
      },
    },
  };

  // What holds entries, from the inside out: a block whose rows are hidden is hidden, too, and one in part is that much lower.
  const HOLDERS = "tbody, .block, .group, .part";
  const holders = new Map();
  const hold = (entry) => {
    for (const element of entry.elements) {
      for (let at = element.parentElement.closest(HOLDERS); at; at = at.parentElement.closest(HOLDERS)) {
        if (!holders.has(at)) holders.set(at, { all: 0, shown: 0, row: at.matches("tbody, .block"), changed: false });
        const holder = holders.get(at);
        holder.all += 1;
        holder.shown += 1;
      }
    }
  };
  const show = (element, keep) => {
    element.classList.toggle("off", !keep);
    for (let at = element.parentElement.closest(HOLDERS); at; at = at.parentElement.closest(HOLDERS)) {
      const holder = holders.get(at);
      holder.shown += keep ? 1 : -1;
      holder.changed = true;
    }
  };
  const settle = () => {
    const wide = matchMedia("(min-width: 1121px)").matches;
    for (const [element, holder] of holders) {
      if (!holder.changed) continue;
      holder.changed = false;
      element.classList.toggle("off", holder.shown === 0);
      const height = element.tagName !== "TBODY" ? 36 : wide ? 48 : 150;
      if (holder.row) element.style.containIntrinsicBlockSize = holder.shown < holder.all ? `${holder.shown * height}px` : "";
    }
  };

  const idle = window.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 20 }), 60));
  const narrow = (form) => {
    const list = lists[form.dataset.list];
    const elements = list.elements();
    const entries = [];
    const step = () => {
      const entry = list.read(elements[entries.length]);
      hold(entry);
      entries.push(entry);
    };
    const output = form.querySelector("output");
    const total = elements.length.toLocaleString("en");
    let later = 0;
    let follow = [];
    const flush = () => {
      for (const entry of new Set(follow)) {
        if ((entry.followed === true) !== entry.hidden) {
          entry.followed = entry.hidden;
          show(entry.elements[1], !entry.hidden);
        }
      }
      follow = [];
      settle();
    };
    const apply = (at_once) => {
      const started = performance.now();
      while (entries.length < elements.length) step();
      const words = form.elements.q.value.toLowerCase().split(/\s+/).filter(Boolean);
      const choices = all("select", form).filter((select) => select.value !== "");
      const switches = all("input[type=checkbox]", form).filter((box) => box.checked);
      let shown = 0;
      for (const entry of entries) {
        const keep =
          choices.every(({ name, value }) =>
            Array.isArray(entry[name]) ? entry[name].includes(value) : entry[name] === value) &&
          switches.every(({ name }) => entry[name]) &&
          words.every((word) => entry.words.includes(word));
        shown += keep ? 1 : 0;
        if ((entry.hidden === true) === keep) {
          entry.hidden = !keep;
          show(entry.elements[0], keep);
          if (entry.elements[1]) follow.push(entry);
        }
      }
      settle();
      // The list that follows the table is further down: its turn comes when the table has been drawn.
      clearTimeout(later);
      if (at_once) flush();
      else later = setTimeout(flush, 120);
      const narrowed = words.length + choices.length + switches.length > 0;
      output.textContent = narrowed ? `${shown.toLocaleString("en")} of ${total} shown` : `${total} shown`;
      form.dataset.took = (performance.now() - started).toFixed(1);
    };
    let waiting = 0;
    const soon = () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => apply(false), 90);
    };
    form.addEventListener("input", soon);
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(false); });
    form.addEventListener("reset", () => setTimeout(() => apply(true), 0));
    form.hidden = false;
    output.textContent = `${total} shown`;
    const read = (deadline) => {
      do {
        for (let count = 0; count < 20 && entries.length < elements.length; count += 1) step();
      } while (entries.length < elements.length && deadline.timeRemaining() > 4);
      if (entries.length < elements.length) idle(read);
    };
    idle(read);
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
    const bodies = Array.from(table.tBodies);
    const rows = bodies.flatMap((body) => Array.from(body.rows));
    const first = column >= 5 ? "descending" : "ascending";
    const other = first === "ascending" ? "descending" : "ascending";
    const order = heading.getAttribute("aria-sort") === first ? other : first;
    const way = order === "ascending" ? 1 : -1;
    const keyed = rows.map((row, at) => ({ row, at, key: key(row.children[column], column) }));
    keyed.sort((a, b) => {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null) || a.at - b.at;
      if (a.key === b.key) return a.at - b.at;
      return (a.key < b.key ? -1 : 1) * way;
    });
    // The blocks keep their sizes and get the rows in their new order.
    const sizes = bodies.map((body) => body.rows.length);
    let next = 0;
    for (const [at, body] of bodies.entries()) {
      const size = sizes[at];
      const sorted = document.createDocumentFragment();
      for (const { row } of keyed.slice(next, next + size)) sorted.append(row);
      next += size;
      body.append(sorted);
      const holder = holders.get(body);
      if (holder) Object.assign(holder, { shown: all("tr:not(.off)", body).length, changed: true });
    }
    settle();
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

  // A link into something closed or filtered out opens and shows it. What is on the way is laid out only now, so that the way is
  // gone once more when its length is known.
  const go = (element) => {
    const jump = () => element.scrollIntoView({ behavior: "instant" });
    jump();
    requestAnimationFrame(() => requestAnimationFrame(jump));
  };
  const reveal = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target) return;
    const inside = target.closest("details");
    if (inside) inside.open = true;
    if (target.closest(".off")) {
      for (const { form, apply } of forms) {
        form.reset();
        apply(true);
      }
    }
    go(inside || target);
  };
  window.addEventListener("hashchange", reveal);
  reveal();
})();
