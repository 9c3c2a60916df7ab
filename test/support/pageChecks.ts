import type { Page } from 'playwright-core';

/**
 * What a rendered page does wrong, in words. The checks run in the page, as text: the DOM's types would otherwise be
 * known in the whole repository, where there is no DOM.
 */

/** Elements that reach beyond the page's width, unless they are in a box of their own that scrolls. */
export function overflow(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    const found = document.documentElement.scrollWidth > width ? ['the page scrolls to ' + document.documentElement.scrollWidth + ' px'] : [];
    for (const element of document.body.querySelectorAll('*')) {
      if (element.closest('svg') !== null && element.tagName !== 'svg') continue;
      if (element.closest('.skip, .table, pre') !== null && !element.matches('.table, pre')) continue;
      const { right, left, width: own } = element.getBoundingClientRect();
      if (own > 0 && (right > width + 1 || left < -1) && !element.matches('.skip')) found.push(element.tagName + '.' + element.className + ' ' + left + ' to ' + right);
    }
    return found;
  })()`);
}

/** Texts in plots that touch another, or leave their plot. All details are opened for it. */
export function crowdedLabels(page: Page): Promise<readonly string[]> {
  return page.evaluate(`(() => {
    for (const details of document.querySelectorAll('details')) details.open = true;
    const found = [];
    let texts = 0;
    for (const plot of document.querySelectorAll('svg[role=img]')) {
      const frame = plot.getBoundingClientRect();
      const boxes = [...plot.querySelectorAll('text')].map((text) => ({ name: text.textContent, box: text.getBoundingClientRect() }));
      texts += boxes.length;
      boxes.forEach(({ name, box }, index) => {
        if (box.width === 0) found.push(name + ' is not drawn');
        if (box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1) found.push(name + ' leaves its plot');
        for (const other of boxes.slice(index + 1)) {
          const apart = box.right <= other.box.left || other.box.right <= box.left || box.bottom <= other.box.top + 1 || other.box.bottom <= box.top + 1;
          if (!apart) found.push(name + ' meets ' + other.name);
        }
      });
    }
    return texts === 0 && document.querySelector('svg.plot') !== null ? ['no text was found'] : found;
  })()`);
}

/** Details whose content does not show. */
export function hiddenDetails(page: Page): Promise<readonly string[]> {
  return page.evaluate(`[...document.querySelectorAll('details')].flatMap((details) => {
    const body = details.querySelector(':scope > .body');
    const shown = body.checkVisibility({ contentVisibilityAuto: true }) && body.getBoundingClientRect().height > 0;
    return shown ? [] : [details.querySelector('summary').textContent];
  })`);
}

/** Presses Tab until the focus leaves the page. What got it, in order: tag and beginning of text; and what never did. */
export async function tabOrder(
  page: Page,
): Promise<{ readonly order: readonly string[]; readonly missed: readonly string[] }> {
  const wanted: number = await page.evaluate(`(() => {
    const all = [...document.querySelectorAll('a[href], summary, input, [tabindex="0"]')].filter((each) => each.checkVisibility({ contentVisibilityAuto: true }));
    for (const each of all) each.dataset.wanted = '';
    return all.length;
  })()`);
  const order: string[] = [];
  for (let pressed = 0; pressed < wanted + 5; pressed++) {
    await page.keyboard.press('Tab');
    const name: string | null = await page.evaluate(`(() => {
      const at = document.activeElement;
      if (at === null || at === document.body) return null;
      delete at.dataset.wanted;
      return at.tagName.toLowerCase() + ' ' + at.textContent.trim().slice(0, 40);
    })()`);
    if (name === null) break;
    order.push(name);
  }
  const missed: string[] = await page.evaluate(
    `[...document.querySelectorAll('[data-wanted]')].map((each) => each.tagName + ' ' + each.textContent.trim().slice(0, 40))`,
  );
  return { order, missed };
}
