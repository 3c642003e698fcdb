// Reads a feed as Thunderbird's engine does and prints its instances as JSON: node instances.mjs FILE LAST
// Each is [start, end, title]; a series without an end is followed until the day LAST. Floating times are an error.
import fs from "node:fs";
import ICAL from "ical.js";

const [file, last] = process.argv.slice(2);
const calendar = new ICAL.Component(ICAL.parse(fs.readFileSync(file, "utf8")));
for (const zone of calendar.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);

const told = (time) => {
  if (time.isDate) return time.toString();
  if (time.zone === ICAL.Timezone.localTimezone) throw new Error(`floating time ${time}`);
  return new Date(time.toUnixTime() * 1000).toISOString().replace(".000Z", "Z");
};

const found = [];
const add = ({ startDate, endDate, item }) => found.push([told(startDate), told(endDate), item.summary]);

// An override is given to its own series alone: left to itself, ical.js would give it to every series.
const overrides = new Map();
const events = calendar.getAllSubcomponents("vevent").map((component) => new ICAL.Event(component, { exceptions: [] }));
for (const event of events.filter((event) => event.isRecurrenceException())) {
  overrides.set(event.uid, [...(overrides.get(event.uid) ?? []), event]);
}

const horizon = Date.parse(last) / 1000;
for (const { component } of events) {
  if (component.hasProperty("recurrence-id")) continue;
  const exceptions = overrides.get(component.getFirstPropertyValue("uid")) ?? [];
  const event = new ICAL.Event(component, { exceptions, strictExceptions: true });
  // Shown wherever they are moved to, as Thunderbird does; their slots below are left out.
  for (const item of exceptions) add({ startDate: item.startDate, endDate: item.endDate, item });
  if (!event.isRecurring()) {
    add({ startDate: event.startDate, endDate: event.endDate, item: event });
    continue;
  }
  const slots = event.iterator();
  for (let slot = slots.next(); slot && slot.toUnixTime() < horizon; slot = slots.next()) {
    const occurrence = event.getOccurrenceDetails(slot);
    if (!occurrence.item.isRecurrenceException()) add(occurrence);
  }
}
process.stdout.write(JSON.stringify(found));
