// Marks what looks like something before it in the parts of a page, or like
// something that is known: the same tags, classes and colours from the part
// down to it, and inside it. What is behind a word, and how well the word is
// seen there, is the same for both. Says what is shown here and is not known.
([parts, known]) => {
    const hashes = new Map();
    // cyrb53: 53 bits of a text, the same on every page.
    const hashed = text => {
        if (hashes.has(text)) return hashes.get(text);
        let low = 0xdeadbeef, high = 0x41c6ce57;
        for (let place = 0; place < text.length; place++) {
            const sign = text.charCodeAt(place);
            low = Math.imul(low ^ sign, 2654435761);
            high = Math.imul(high ^ sign, 1597334677);
        }
        low = Math.imul(low ^ (low >>> 16), 2246822507)
            ^ Math.imul(high ^ (high >>> 13), 3266489909);
        high = Math.imul(high ^ (high >>> 16), 2246822507)
            ^ Math.imul(low ^ (low >>> 13), 3266489909);
        const hash = 4294967296 * (2097151 & high) + (low >>> 0);
        hashes.set(text, hash.toString(36));
        return hashes.get(text);
    };
    const look = element => {
        const speaks = [...element.childNodes].some(
            node => node.nodeType === Node.TEXT_NODE && node.data.trim()
        );
        const style = getComputedStyle(element);
        // A box that scrolls, on a narrow screen, takes the keys as well.
        const names = element.getAttributeNames().filter(
            name => name !== "tabindex"
        );
        const size = parseFloat(style.fontSize);  // in pixels
        return hashed([
            element.tagName, names, element.getAttribute("class"), speaks,
            style.color, style.background, style.opacity, style.textDecoration,
            style.fontWeight, style.display === "none", style.visibility,
            size >= (style.fontWeight < 700 ? 24 : 18.66),  // large, for WCAG
        ].join());
    };
    const looks = new Map(), shapes = new Map();
    const measure = element => {
        looks.set(element, look(element));
        const inside = [...element.children].map(measure);
        shapes.set(element, hashed(`${looks.get(element)} of ${inside}`));
        return shapes.get(element);
    };
    const seen = new Set(known.split(" ")), shown = new Set();
    const mark = (element, above, inKnown) => {
        const kind = hashed(`${above} with ${shapes.get(element)}`);
        const alike = inKnown || seen.has(kind);
        seen.add(kind);
        if (!alike && element.checkVisibility()) shown.add(kind);
        element.toggleAttribute("data-alike", alike);
        const here = hashed(`${above} then ${looks.get(element)}`);
        for (const child of element.children) mark(child, here, alike);
    };
    for (const element of document.querySelectorAll("[data-alike]")) {
        element.removeAttribute("data-alike");
    }
    document.querySelectorAll(parts).forEach((element, place) => {
        measure(element);
        mark(element, `${parts} ${place}`, false);
    });
    return [...shown];
}
