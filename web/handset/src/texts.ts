import type { InBoth } from '../../language.js';
import type { What } from './state.js';
import type { Behaviour } from './wire.js';

/**
 * What the page says around the phones; `#` is filled in. What stands on a phone's screen is M-PESA's and Android's, and
 * the bodies and codes on the wire are Daraja's: they are the same in both.
 */
const en = {
  phones: 'Phones',
  live: 'live',
  soon: 'connecting…',
  lost: 'not connected',
  minute: 'Let a minute pass',
  another: 'Another phone',
  add: 'Add',
  hidden: '# more phones are not shown: enter the number of one to see it.',
  note: 'A number that is asked for money gets a phone by itself, with Ksh10,000.00 and the PIN 1234.',
  faults: 'Faults',
  wrong: 'What goes wrong',
  off: 'Switch all off',
  elsewhere: '# more set by the API.',
  phone: 'Phone #',
  ignore: 'Ignore it: put the phone away',
  look: 'Look at the request (# s left)',
  messages: 'Messages',
  empty: 'No messages yet. A request for money appears here.',
  spend: 'Empty it',
  fill: 'Add Ksh1,000',
  owner: 'The owner',
  request: 'M-PESA request on #',
  pin: 'M-PESA PIN',
  shortPin: 'The PIN has four digits.',
  delete: 'Delete',
  ends: 'Ends by itself in # s',
  wire: 'The wire',
  clear: 'Clear',
  quiet: 'Requests, answers and callbacks appear here as they happen.',
  in: 'to Daraja',
  out: 'from Daraja',
  none: 'none',
  noNumber: 'Type a Kenyan mobile number, such as 0712 345 678.',
  accounts: 'The organisation’s money',
  fund: 'Add Ksh10,000',
  sweep: 'Sweep to the bank',
  moneyOut: 'Money out',
  noMoves: 'Payouts, reversals and sweeps appear here. Payouts are paid from the utility account.',
  payout: 'to #',
  reversal: 'back, of #',
  swept: 'from # to the bank',
};

type HandsetTexts = Readonly<typeof en>;

const sw: HandsetTexts = {
  phones: 'Simu',
  live: 'imeunganishwa',
  soon: 'inaunganishwa…',
  lost: 'haijaunganishwa',
  minute: 'Pitisha dakika moja',
  another: 'Simu nyingine',
  add: 'Ongeza',
  hidden: 'Simu # zaidi hazionyeshwi: weka nambari ya mojawapo ili uione.',
  note: 'Nambari inayoombwa pesa hupata simu yenyewe, yenye Ksh10,000.00 na PIN 1234.',
  faults: 'Hitilafu',
  wrong: 'Kinachoharibika',
  off: 'Zima zote',
  elsewhere: '# zaidi zimewekwa kupitia API.',
  phone: 'Simu #',
  ignore: 'Lipuuze: weka simu kando',
  look: 'Tazama ombi (zimebaki sekunde #)',
  messages: 'Jumbe',
  empty: 'Hakuna jumbe bado. Ombi la pesa litaonekana hapa.',
  spend: 'Ondoa pesa zote',
  fill: 'Ongeza Ksh1,000',
  owner: 'Mwenye simu',
  request: 'Ombi la M-PESA kwenye #',
  pin: 'PIN ya M-PESA',
  shortPin: 'PIN ina tarakimu nne.',
  delete: 'Futa',
  ends: 'Litaisha lenyewe baada ya sekunde #',
  wire: 'Mawasiliano',
  clear: 'Futa',
  quiet: 'Maombi, majibu na callback huonekana hapa yanapotokea.',
  in: 'kwenda Daraja',
  out: 'kutoka Daraja',
  none: 'hakuna',
  noNumber: 'Weka nambari ya simu ya Kenya, kama 0712 345 678.',
  accounts: 'Pesa za biashara',
  fund: 'Ongeza Ksh10,000',
  sweep: 'Peleka benki',
  moneyOut: 'Pesa zilizotoka',
  noMoves: 'Malipo, marejesho na uhamisho wa benki huonekana hapa. Malipo hutoka kwenye akaunti ya Utility.',
  payout: 'kwa #',
  reversal: 'marejesho ya #',
  swept: 'kutoka # hadi benki',
};

export const TEXTS: InBoth<HandsetTexts> = { en, sw };
/** The title of the page. */
export const TITLE: InBoth<string> = { en: 'The phone · Pokea simulator', sw: 'Simu · Kiigaji cha Pokea' };

/** What the owner of a phone does when asked for money. */
export const HABITS: InBoth<Readonly<Record<Behaviour, string>>> = {
  en: {
    manual: 'answers by hand',
    pay: 'pays at once',
    cancel: 'cancels',
    ignore: 'ignores it',
    wrong_pin: 'types a wrong PIN',
    insufficient: 'has too little money',
    unreachable: 'is switched off',
  },
  sw: {
    manual: 'hujibu kwa mkono',
    pay: 'hulipa mara moja',
    cancel: 'hughairi',
    ignore: 'hupuuza',
    wrong_pin: 'huweka PIN isiyo sahihi',
    insufficient: 'hana pesa za kutosha',
    unreachable: 'amezima simu',
  },
};

/** The lines of the wire. */
export const WIRE: InBoth<Readonly<Record<What, string>>> = {
  en: {
    request: '#',
    response: 'answer to #',
    callback: 'callback #',
    callback_answered: 'callback answered',
    result: 'Result #',
    result_answered: 'Result answered',
    timeout_notice: 'timeout notice #',
    timeout_notice_answered: 'timeout notice answered',
    fault: 'fault: #',
  },
  sw: {
    request: '#',
    response: 'jibu la #',
    callback: 'callback #',
    callback_answered: 'callback imejibiwa',
    result: 'Result #',
    result_answered: 'Result imejibiwa',
    timeout_notice: 'ilani ya muda kuisha #',
    timeout_notice_answered: 'ilani ya muda kuisha imejibiwa',
    fault: 'hitilafu: #',
  },
};

/** Why the simulator did not do what was asked, by its codes; `` is for all others. */
export const REFUSALS: InBoth<Readonly<Record<string, string>>> = {
  en: {
    prompt_ended: 'The request has ended already.',
    not_found: 'The request is no longer there.',
    nothing_to_sweep: 'The account holds nothing.',
    unavailable: 'There is room for no more phones.',
    away: 'The simulator does not answer.',
    '': 'The simulator did not do that (#).',
  },
  sw: {
    prompt_ended: 'Ombi limeisha tayari.',
    not_found: 'Ombi halipo tena.',
    nothing_to_sweep: 'Akaunti haina pesa.',
    unavailable: 'Hakuna nafasi ya simu zaidi.',
    away: 'Kiigaji hakijibu.',
    '': 'Kiigaji hakikufanya hivyo (#).',
  },
};
