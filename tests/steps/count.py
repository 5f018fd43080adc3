"""A loop for conditions, hit counts and log points."""
total = 0
for i in range(10):
    total += i                      # BREAK:add
print("total", total, flush=True)   # BREAK:end
