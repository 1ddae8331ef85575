//! What holds of every price, whatever the rules: sums add up, nothing is sold for less than nothing, no promotion makes it dearer.

use pricewright::basket::Request;
use pricewright::money::Amount;
use pricewright::pricing::verify::verify;
use pricewright::pricing::{Effort, Quote, price};
use pricewright::rulebook::Rulebook;

/// Steps of a search here: a thousandth of what the service has, for hard baskets are not what is looked for. The answer is then
/// the best that was found, and all of this must hold of it.
const EFFORT: Effort = Effort { steps: 1_000 };
/// `verify` goes over a basket unit by unit: one of a hundred thousand pieces would take the time of a thousand inputs.
const UNITS_VERIFIED_MAX: u32 = 200;

/// Prices a request, and looks at the price; nothing where the request is at fault.
pub fn priced(rulebook: &Rulebook, request: &Request) -> Option<Quote> {
    let quote = match price(rulebook, request, EFFORT) {
        Ok(quote) => quote,
        Err(faults) => {
            assert!(!faults.is_empty() && faults.iter().all(|fault| !fault.field.is_empty()), "{faults:?}");
            return None;
        }
    };
    add_up(request, &quote);
    let again = price(rulebook, request, EFFORT);
    assert_eq!(again.as_ref(), Ok(&quote), "the same request has another price");
    let units = quote.lines.iter().fold(0_u32, |sum, line| sum.saturating_add(line.quantity));
    if units <= UNITS_VERIFIED_MAX {
        let flaws = verify(rulebook, request, &quote).err().unwrap_or_default();
        let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
        assert!(flaws.is_empty(), "{}", flaws.join("; "));
    }
    Some(quote)
}

fn add_up(request: &Request, quote: &Quote) {
    let delivery = request.basket.delivery.as_ref().map_or(Amount::ZERO, |delivery| delivery.price);
    assert_eq!(quote.total, quote.list_total - quote.discount_total + quote.delivery_total);
    assert!(quote.discount_total >= Amount::ZERO, "a discount below nothing");
    assert!(
        (Amount::ZERO..=delivery).contains(&quote.delivery_total),
        "a delivery dearer than without promotions"
    );
    assert!(
        (Amount::ZERO..=quote.list_total + delivery).contains(&quote.total),
        "dearer than without promotions"
    );
    assert_eq!(quote.lines.len(), request.basket.lines.len());
    let (mut list, mut goods) = (Amount::ZERO, Amount::ZERO);
    for (line, asked) in quote.lines.iter().zip(&request.basket.lines) {
        assert_eq!((&line.id, &line.sku, line.quantity), (&asked.id, &asked.sku, asked.quantity));
        let groups = line.groups.iter().map(|group| u64::from(group.quantity)).sum::<u64>();
        assert_eq!(groups, u64::from(line.quantity), "units of a line are lost or doubled");
        for group in &line.groups {
            let off: Amount = group.carried.iter().map(|carried| carried.amount).sum();
            assert_eq!(group.price + off, line.list_price, "the shares of a unit");
            assert!(group.price >= Amount::ZERO, "a unit for less than nothing");
        }
        let total: Amount = line.groups.iter().map(|group| group.price.times(group.quantity)).sum();
        assert_eq!(total, line.total, "the sum of a line");
        list += line.list_price.times(line.quantity);
        goods += line.total;
    }
    assert_eq!(
        (list, goods),
        (quote.list_total, quote.list_total - quote.discount_total),
        "the sums of the lines"
    );
    let applied: Amount = quote.applied.iter().map(|applied| applied.amount).sum();
    assert_eq!(applied, quote.discount_total + delivery - quote.delivery_total, "the sums of the promotions");
}
