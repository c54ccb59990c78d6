// Starts the slides: light or dark, formulas, then reveal.js.
const page = document.documentElement;
const asked = new URLSearchParams(location.search);
const forPaper = asked.has("print-pdf");
const dark = matchMedia("(prefers-color-scheme: dark)");
const key = "slides-theme";

// A file that is opened without a server may have no memory.
function remembered() {
    try {
        return localStorage.getItem(key);
    } catch {
        return null;
    }
}

function choose(theme) {
    page.dataset.theme = theme;
}

function follow() {
    const ofSystem = dark.matches && !forPaper ? "dark" : "light";
    choose(asked.get("theme") ?? (forPaper ? null : remembered()) ?? ofSystem);
}

function turn() {
    choose(page.dataset.theme === "dark" ? "light" : "dark");
    try {
        localStorage.setItem(key, page.dataset.theme);
    } catch {
        // It is turned all the same, until the file is opened again.
    }
}

follow();
dark.addEventListener("change", follow);
// The speaker's view and the slides are two windows, in one theme.
addEventListener("storage", event => event.key === key && follow());

window.MathJax = {
    options: {
        enableMenu: false,
        ignoreHtmlClass: "slides",
        processHtmlClass: "math",
    },
    startup: {
        ready: async () => {
            MathJax.startup.defaultReady();
            await MathJax.startup.promise;
            await document.fonts.ready;
            await start();
            page.dataset.ready = "yes";
        },
    },
};
const script = document.createElement("script");
script.src = "mathjax/tex-chtml-full.js";
document.head.append(script);

// A formula that is wider than its slide is set smaller.
function fitFormulas() {
    const slides = document.querySelector(".slides");
    slides.classList.add("measured");
    for (const formula of slides.querySelectorAll(".math.block")) {
        const width = formula.querySelector("mjx-math").scrollWidth;
        const share = Math.min(1, formula.clientWidth / width);
        const size = parseFloat(getComputedStyle(formula).fontSize);
        formula.style.fontSize = `${Math.floor(size * share)}px`;
    }
    slides.classList.remove("measured");
}

async function start() {
    fitFormulas();
    const onPaper = new Promise(done => Reveal.on("pdf-ready", done));
    const { width, height } = document.querySelector(".reveal").dataset;
    await Reveal.initialize({
        width: Number(width),
        height: Number(height),
        margin: 0,
        center: false,
        hash: true,
        transition: "none",
        slideNumber: "c/t",
        pdfMaxPagesPerSlide: 1,
        plugins: [RevealNotes],
    });
    Reveal.addKeyBinding(
        { keyCode: 84, key: "T", description: "Light or dark" },
        turn
    );
    if (forPaper) await onPaper;
}
