package till;

import com.google.gson.Gson;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The journal of a till: what it is about to ask is on disk before it asks.
 *
 * <p>A line of JSON for each step of a purchase. After a power cut the till reads what it had begun, and asks again with the same ids.
 */
final class Journal implements AutoCloseable {
    private final FileChannel file;
    private final Gson gson = new Gson();
    private final Map<String, JsonObject> unfinished = new LinkedHashMap<>();

    Journal(Path path) throws IOException {
        file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        // Two tills with one journal would finish each other's purchases.
        if (file.tryLock() == null) {
            throw new IOException(path + " is in use by another till");
        }
        // Else the name of a new file may be gone after a power cut.
        try (FileChannel folder = FileChannel.open(path.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
        while (bytes.hasRemaining() && file.read(bytes) >= 0) {}
        byte[] all = bytes.array();
        int whole = 0;
        for (int at = 0; at < all.length; at++) {
            if (all[at] == '\n') {
                take(gson.fromJson(new String(all, whole, at - whole, StandardCharsets.UTF_8), JsonObject.class));
                whole = at + 1;
            }
        }
        // A line without an end was cut while it was written: nothing was asked for it yet. And what is finished is of no use any more, and
        // may hold a customer's phone.
        file.truncate(unfinished.isEmpty() ? 0 : whole);
        file.position(file.size());
    }

    /** Purchases that have not ended, each with the step that it stands at. */
    Map<String, JsonObject> unfinished() {
        return unfinished;
    }

    /** Returns when it is on disk. */
    void write(String purchase, String step, JsonObject more) throws IOException {
        JsonObject entry = more.deepCopy();
        entry.addProperty("purchase", purchase);
        entry.addProperty("step", step);
        ByteBuffer bytes = ByteBuffer.wrap((gson.toJson(entry) + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
        file.force(true);
        take(entry);
    }

    void write(String purchase, String step) throws IOException {
        write(purchase, step, new JsonObject());
    }

    private void take(JsonObject entry) {
        String purchase = entry.get("purchase").getAsString();
        if (entry.get("step").getAsString().equals("finished")) {
            unfinished.remove(purchase);
            return;
        }
        JsonObject known = unfinished.computeIfAbsent(purchase, name -> new JsonObject());
        entry.entrySet().forEach(field -> known.add(field.getKey(), field.getValue()));
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
