import type { InBoth } from '../../language.js';

/** What the shop says, but for its services (`services.ts`). `#` is filled in. */
const en = {
  stage: "The shop and the customer's phone",
  shown: 'What is shown',
  shop: 'The shop',
  phone: "The customer's phone",
  allPhones: 'All phones, the faults and the wire',
  api: 'The API',
  token: 'A token for the API',
  demo: 'A shop of the Pokea demo. No real money moves.',
  book: 'Book a technician',
  what: 'What needs fixing?',
  where: 'Where?',
  feeToBook: 'Booking fee',
  isHeld: 'Held for you until the technician has come.',
  submit: 'Book and pay',
  booking: 'Booking…',
  unpaidTitle: 'One step left',
  paidTitle: 'Finding you a technician',
  service: 'Service',
  reference: 'Booking',
  fee: 'Fee',
  unpaid: 'unpaid',
  held: 'paid, held until the technician has come',
  released: 'paid',
  refunded: 'returned',
  booked: 'Booked',
  pay: 'Pay the fee',
  paid: 'Fee paid',
  finding: 'Finding a technician',
  again: 'Book another',
  notHere: 'The demo is not running here: start it with `pokea demo`.',
  unanswered: 'The service did not answer. Try again.',
};

export type ShopTexts = Readonly<typeof en>;

const sw: ShopTexts = {
  stage: 'Duka na simu ya mteja',
  shown: 'Kinachoonyeshwa',
  shop: 'Duka',
  phone: 'Simu ya mteja',
  allPhones: 'Simu zote, hitilafu na mawasiliano',
  api: 'API',
  token: 'Tokeni ya API',
  demo: 'Duka la onyesho la Pokea. Hakuna pesa halisi zinazolipwa.',
  book: 'Agiza fundi',
  what: 'Ni nini kinachohitaji kurekebishwa?',
  where: 'Wapi?',
  feeToBook: 'Ada ya kuagiza',
  isHeld: 'Inahifadhiwa kwa ajili yako hadi fundi afike.',
  submit: 'Agiza na ulipe',
  booking: 'Tunaagiza…',
  unpaidTitle: 'Imebaki hatua moja',
  paidTitle: 'Tunakutafutia fundi',
  service: 'Huduma',
  reference: 'Agizo',
  fee: 'Ada',
  unpaid: 'haijalipwa',
  held: 'imelipwa, inahifadhiwa hadi fundi afike',
  released: 'imelipwa',
  refunded: 'imerudishwa',
  booked: 'Umeagiza',
  pay: 'Lipa ada',
  paid: 'Ada imelipwa',
  finding: 'Kutafuta fundi',
  again: 'Agiza tena',
  notHere: 'Onyesho haliendeshwi hapa: lianzishe kwa `pokea demo`.',
  unanswered: 'Huduma haikujibu. Jaribu tena.',
};

export const TEXTS: InBoth<ShopTexts> = { en, sw };
/** The title of the page. */
export const TITLE: InBoth<string> = {
  en: 'Book a technician · Pokea demo',
  sw: 'Agiza fundi · Onyesho la Pokea',
};
