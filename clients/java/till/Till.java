package till;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.reflect.TypeToken;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.grpc.ClientInterceptor;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import pricewright.v1.PricingServiceGrpc;
import pricewright.v1.PricingServiceGrpc.PricingServiceBlockingStub;
import pricewright.v1.Pricing.AppliedPromotion;
import pricewright.v1.Pricing.Gift;
import pricewright.v1.Pricing.Quote;
import pricewright.v1.Pricing.QuoteRequest;
import pricewright.v1.Pricing.QuotedLine;
import pricewright.v1.Pricing.UnitDiscount;
import pricewright.v1.Pricing.UnitGroup;
import pricewright.v1.Redemption.CancelRequest;
import pricewright.v1.Redemption.CommitRequest;
import pricewright.v1.Redemption.ReserveRequest;
import pricewright.v1.Redemption.Sale;
import pricewright.v1.RedemptionServiceGrpc;
import pricewright.v1.RedemptionServiceGrpc.RedemptionServiceBlockingStub;

/**
 * A till: prices a basket, reserves it, takes the money, commits it. Every purchase ends, also after a power cut.
 *
 * <pre>
 * java -cp … till.Till --journal till.journal --service-config service-config.json sell basket.json
 * java -cp … till.Till --journal till.journal --service-config service-config.json finish    # what was begun before the power cut
 * java -cp … till.Till … --address https://prices.shop.example:50051 --token-file till.token sell basket.json
 * </pre>
 */
public final class Till {
    /** The price or what it needs is another by now. The customer is told the new price, and that is a new purchase with new ids. */
    private static final Set<String> PRICE_ANEW = Set.of(
            "PRICE_CHANGED",
            "QUOTE_EXPIRED",
            "RULEBOOK_VERSION_UNKNOWN",
            "LIMIT_REACHED",
            "CUSTOMER_LIMIT_REACHED",
            "BUDGET_SPENT",
            "OUT_OF_STOCK",
            "CODE_REFUSED");

    /** How long a customer waits for one step, with all that is asked again, in seconds. */
    private static final double PATIENCE = 30;

    private final PricingServiceBlockingStub pricing;
    private final RedemptionServiceBlockingStub redemption;
    private final Journal journal;
    private final Map<String, String> options;
    private final long deadlineMillis;

    private Till(ManagedChannel channel, Journal journal, Map<String, String> options) {
        this.pricing = PricingServiceGrpc.newBlockingStub(channel);
        this.redemption = RedemptionServiceGrpc.newBlockingStub(channel);
        this.journal = journal;
        this.options = options;
        this.deadlineMillis = (long) (1000 * Double.parseDouble(options.get("deadline")));
    }

    // A deadline is a moment, and a token may be replaced: each attempt needs a stub with its own.
    private PricingServiceBlockingStub pricing() {
        return pricing.withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS).withInterceptors(headers());
    }

    private RedemptionServiceBlockingStub redemption() {
        return redemption.withDeadlineAfter(deadlineMillis, TimeUnit.MILLISECONDS).withInterceptors(headers());
    }

    private ClientInterceptor headers() {
        Metadata headers = new Metadata();
        headers.put(Metadata.Key.of("accept-language", Metadata.ASCII_STRING_MARSHALLER), options.get("lang"));
        try {
            String token = Asking.token(options);
            if (!token.isEmpty()) {
                headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
            }
        } catch (IOException error) {
            throw new UncheckedIOException(error);
        }
        return MetadataUtils.newAttachHeadersInterceptor(headers);
    }

    /** Sells a basket. Priced anew when the price has changed between quote and reservation, three times at most. */
    private void sell(QuoteRequest basket) throws IOException, Asking.Refused, Asking.NoAnswer {
        for (int round = 0; round < 3; round++) {
            Quote quote = Asking.ask(request -> pricing().quote(request), basket, PATIENCE);
            show(quote);
            String purchase = begin(basket, quote);
            try {
                goOn(purchase);
                return;
            } catch (Asking.Refused refused) {
                journal.write(purchase, "finished");
                tell("not reserved: " + refused.words);
                if (!PRICE_ANEW.contains(refused.reason)) {
                    throw refused;
                }
            }
        }
        throw new Asking.NoAnswer("the price keeps changing: call somebody");
    }

    /** Makes all ids of a purchase, once, and puts them on disk with what will be asked. Only then it is asked. */
    private String begin(QuoteRequest basket, Quote quote) throws IOException {
        String purchase = UUID.randomUUID().toString();
        ReserveRequest.Builder request = ReserveRequest.newBuilder()
                .setRequestId(purchase)
                .setQuoteRequest(basket)
                .setExpectedTotal(quote.getTotal());
        // With both the price that was told is honored, though the rules change meanwhile.
        request.getQuoteRequestBuilder().getContextBuilder()
                .setTime(quote.getTime())
                .setRulebookVersion(quote.getRulebookVersion());
        JsonObject entry = new JsonObject();
        entry.add("request", JsonParser.parseString(JsonFormat.printer().print(request)));
        entry.addProperty("commit_id", UUID.randomUUID().toString());
        entry.addProperty("cancel_id", UUID.randomUUID().toString());
        journal.write(purchase, "reserve", entry);
        return purchase;
    }

    /** Takes a purchase from where its journal stands to its end. */
    private void goOn(String purchase) throws IOException, Asking.Refused {
        if (step(purchase).equals("reserve")) {
            ReserveRequest.Builder request = ReserveRequest.newBuilder();
            JsonFormat.parser().merge(journal.unfinished().get(purchase).get("request").toString(), request);
            Sale sale;
            try {
                sale = Asking.ask(asked -> redemption().reserve(asked), request.build(), PATIENCE);
            } catch (Asking.NoAnswer error) {
                // It may be held all the same, by a call before this one. The customer goes; what is held is given back.
                giveUp(purchase);
                return;
            }
            if (sale.getExpireTime().getSeconds() < System.currentTimeMillis() / 1000) {
                giveUp(purchase); // The till was off for longer than the hold: its customer has gone.
                return;
            }
            journal.write(purchase, "reserved");
            System.out.printf(
                    "reserved %s, to pay %s %s%n", sale.getId(), money(sale.getAmountDue()), sale.getCurrencyCode());
        }
        if (step(purchase).equals("reserved")) {
            // After a power cut ask the card terminal first: it knows by `purchase` whether the card was charged.
            if (!takePayment(purchase)) {
                giveUp(purchase);
                return;
            }
            journal.write(purchase, "paid");
        }
        if (step(purchase).equals("paid")) {
            commit(purchase);
        } else {
            giveUp(purchase);
        }
    }

    /** Says that it is paid. That is never given up: without an answer, or not let in, it stays in the journal. */
    private void commit(String purchase) throws IOException {
        CommitRequest request = CommitRequest.newBuilder()
                .setRequestId(journal.unfinished().get(purchase).get("commit_id").getAsString())
                .setSaleId(purchase)
                .build();
        try {
            Sale sale = Asking.ask(asked -> redemption().commit(asked), request, PATIENCE);
            journal.write(purchase, "finished");
            System.out.printf("committed %s, paid %s %s%n", sale.getId(), money(sale.getTotal()), sale.getCurrencyCode());
        } catch (Asking.NoAnswer error) {
            tell(error.getMessage() + ": the customer has paid and may go; it is asked again at the next start");
        } catch (Asking.Refused refused) {
            // Paid after the hold was over, and somebody else had the last of something. A person decides.
            tell("PAID BUT NOT KEPT, call the back office: purchase " + purchase + ": " + refused.getMessage());
            JsonObject entry = new JsonObject();
            entry.addProperty("refused", refused.reason);
            journal.write(purchase, "finished", entry);
        }
    }

    /** Frees what may be held. Without an answer it stays in the journal, and the hold ends by itself. */
    private void giveUp(String purchase) throws IOException {
        if (!step(purchase).equals("give-up")) {
            journal.write(purchase, "give-up");
        }
        CancelRequest request = CancelRequest.newBuilder()
                .setRequestId(journal.unfinished().get(purchase).get("cancel_id").getAsString())
                .setSaleId(purchase)
                .build();
        try {
            Asking.ask(asked -> redemption().cancel(asked), request, PATIENCE);
        } catch (Asking.NoAnswer error) {
            tell(error.getMessage() + ": it is called off at the next start");
            return;
        } catch (Asking.Refused refused) {
            // Nothing is held then, either.
            if (!Set.of("SALE_UNKNOWN", "SALE_CANCELLED").contains(refused.reason)) {
                tell("could not be called off: purchase " + purchase + ": " + refused.getMessage());
            }
        }
        journal.write(purchase, "finished");
        System.out.println("called off " + purchase);
    }

    private void finish() throws IOException {
        for (String purchase : List.copyOf(journal.unfinished().keySet())) {
            tell("was left at `" + step(purchase) + "`: " + purchase);
            try {
                goOn(purchase);
            } catch (Asking.Refused refused) {
                tell("not reserved: " + refused.words);
                journal.write(purchase, "finished");
            }
        }
    }

    private String step(String purchase) {
        return journal.unfinished().get(purchase).get("step").getAsString();
    }

    /** Cash or card: here is where the terminal is called. */
    private boolean takePayment(String purchase) {
        return options.get("payment").equals("taken");
    }

    private static void show(Quote quote) {
        Map<String, String> names = new HashMap<>();
        for (AppliedPromotion promotion : quote.getPromotionsList()) {
            names.put(promotion.getId(), promotion.getName());
        }
        for (QuotedLine line : quote.getLinesList()) {
            System.out.printf(
                    "  %-12s %3d × %9s = %10s%n",
                    line.getSku(), line.getQuantity(), money(line.getListUnitPrice()), money(line.getTotal()));
            for (UnitGroup group : line.getGroupsList()) {
                for (UnitDiscount discount : group.getDiscountsList()) {
                    System.out.printf(
                            "    %s: −%s%n",
                            names.get(discount.getPromotionId()), money(discount.getAmount() * group.getQuantity()));
                }
            }
        }
        for (Gift gift : quote.getGiftsList()) {
            System.out.println("  gift: " + (gift.getProductName().isEmpty() ? gift.getName() : gift.getProductName()));
        }
        System.out.printf(
                "  you save %s, to pay %s %s%n",
                money(quote.getDiscountTotal()), money(quote.getTotal()), quote.getCurrencyCode());
    }

    private static String money(long minor) {
        return String.format("%d.%02d", minor / 100, minor % 100);
    }

    private static void tell(String words) {
        System.err.println(words);
    }

    private static QuoteRequest read(String path) throws IOException {
        QuoteRequest.Builder basket = QuoteRequest.newBuilder();
        try {
            JsonFormat.parser().merge(Files.readString(Path.of(path)), basket);
        } catch (InvalidProtocolBufferException error) {
            throw new IOException(path + " is no QuoteRequest: " + error.getMessage());
        }
        return basket.build();
    }

    public static void main(String[] words) throws Exception {
        // Names of goods are in any language, whatever that of the machine is.
        System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8));
        Map<String, String> options =
                new HashMap<>(Map.of("address", "127.0.0.1:50051", "lang", "en", "deadline", "5", "payment", "taken"));
        int at = 0;
        while (at + 1 < words.length && words[at].startsWith("--")) {
            options.put(words[at].substring(2), words[at + 1]);
            at += 2;
        }
        List<String> command = List.of(words).subList(at, words.length);
        boolean sells = command.size() == 2 && command.get(0).equals("sell");
        if (!options.containsKey("journal")
                || !options.containsKey("service-config")
                || !sells && !command.equals(List.of("finish"))) {
            tell("till.Till --journal FILE --service-config FILE [--address [https://]HOST:PORT] [--token-file FILE] [--authority FILE]"
                    + " [--plaintext true] [--lang en|uk] [--deadline SECONDS] [--payment taken|declined] sell BASKET | finish");
            System.exit(2);
        }
        Map<String, ?> serviceConfig = new Gson().fromJson(
                Files.readString(Path.of(options.get("service-config"))), new TypeToken<Map<String, Object>>() {}.getType());
        ManagedChannel channel;
        try {
            channel = Asking.openChannel(options, serviceConfig);
        } catch (IOException error) {
            tell(error.getMessage());
            System.exit(2);
            return;
        }
        int code = 0;
        try (Journal journal = new Journal(Path.of(options.get("journal")))) {
            Till till = new Till(channel, journal, options);
            // What was begun comes first: after a power cut the last customer is still there.
            till.finish();
            if (sells) {
                till.sell(read(command.get(1)));
            }
            // Nothing is lost where something is left: the next start goes on with it.
            code = journal.unfinished().isEmpty() ? 0 : 3;
        } catch (Asking.Refused | Asking.NoAnswer error) {
            tell("not sold: " + error.getMessage());
            code = 1;
        } finally {
            channel.shutdownNow();
        }
        System.exit(code);
    }
}
