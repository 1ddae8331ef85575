// What the shop shows, with spaces that do not break before the units. Prices here are for the shelf; what the customer pays is what pricewright says.

export const GOODS = [
  { sku: "LIN-EDT-50", price: 199000, en: "Green Fig eau de toilette 50 ml", uk: "Туалетна вода «Зелений інжир» 50 мл" },
  { sku: "KOS-EDT-50", price: 124000, en: "Old Town eau de toilette 50 ml", uk: "Туалетна вода «Старе місто» 50 мл" },
  { sku: "LIN-CRM-50", price: 62000, en: "Day cream with oats 50 ml", uk: "Денний крем з вівсом 50 мл" },
  { sku: "KOS-CRM-50", price: 18500, en: "Hand cream with calendula 50 ml", uk: "Крем для рук з календулою 50 мл" },
  { sku: "PEL-MAS-10", price: 64000, en: "Long Evening mascara 10 ml", uk: "Туш «Довгий вечір» 10 мл" },
  { sku: "PEL-LIP-04", price: 52000, en: "Velvet lipstick 04 Brick", uk: "Оксамитова помада 04 «Цегла»" },
  { sku: "HEA-CND-90", price: 150000, en: "Scented candle Cedar and Smoke 190 g", uk: "Аромасвічка «Кедр і дим» 190 г" },
];

export const nameOf = (sku, language) => GOODS.find((product) => product.sku === sku)?.[language] ?? sku;
