// Marks what looks like something before it in the parts of a page: the same
// tags, classes and colours from the part down to it, and inside it. What is
// behind a word, and how well the word is seen there, is the same for both.
parts => {
    const numbers = new Map();
    const numbered = text => {
        if (!numbers.has(text)) numbers.set(text, numbers.size);
        return numbers.get(text);
    };
    const look = element => {
        const speaks = [...element.childNodes].some(
            node => node.nodeType === Node.TEXT_NODE && node.data.trim()
        );
        const style = getComputedStyle(element);
        return numbered([
            element.tagName, element.getAttributeNames(),
            element.getAttribute("class"), speaks,
            style.color, style.background, style.opacity, style.textDecoration,
            style.fontSize, style.fontWeight, style.display, style.visibility,
        ].join());
    };
    const looks = new Map(), shapes = new Map();
    const measure = element => {
        looks.set(element, look(element));
        const inside = [...element.children].map(measure);
        shapes.set(element, numbered(`${looks.get(element)} of ${inside}`));
        return shapes.get(element);
    };
    const seen = new Set();
    const mark = (element, above, known) => {
        const kind = `${above} with ${shapes.get(element)}`;
        const alike = known || seen.has(kind);
        seen.add(kind);
        element.toggleAttribute("data-alike", alike);
        const here = numbered(`${above} then ${looks.get(element)}`);
        for (const child of element.children) mark(child, here, alike);
    };
    for (const element of document.querySelectorAll("[data-alike]")) {
        element.removeAttribute("data-alike");
    }
    document.querySelectorAll(parts).forEach((element, place) => {
        measure(element);
        mark(element, `part ${place}`, false);
    });
}
