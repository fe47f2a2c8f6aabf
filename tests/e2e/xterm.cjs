// A real terminal's parser: reads {"width", "height", "data"} a line, answers with the screen's cells a line.
const { createInterface } = require("node:readline");
const { Terminal } = require(process.argv[2]);

const styles = ["isBold", "isDim", "isItalic", "isUnderline", "isBlink", "isInverse", "isInvisible", "isStrikethrough"];

function seen(cell) {
  const text = cell.getChars();
  const shown = styles.map((name) => (cell[name]() ? 1 : 0));
  const background = [cell.getBgColorMode(), cell.getBgColor()];
  // Of a blank, only the background is seen, and what is drawn over it.
  if ((text === "" || text === " ") && cell.getWidth() === 1 && !shown[3] && !shown[5] && !shown[7]) {
    return [" ", ...background];
  }
  return [text, cell.getWidth(), ...shown, cell.getFgColorMode(), cell.getFgColor(), ...background];
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { width, height, data } = JSON.parse(line);
  const terminal = new Terminal({ cols: width, rows: height, allowProposedApi: true });
  terminal.write(data, () => {
    const { cursorX, cursorY, baseY } = terminal.buffer.active;
    const rows = [];
    for (let y = 0; y < height; y++) {
      const row = terminal.buffer.active.getLine(baseY + y);
      rows.push(Array.from({ length: width }, (_, x) => seen(row.getCell(x))));
    }
    process.stdout.write(JSON.stringify({ cursor: [cursorY, Math.min(cursorX, width - 1)], rows }) + "\n");
    terminal.dispose();
  });
});
